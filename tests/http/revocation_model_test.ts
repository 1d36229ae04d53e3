/**
 * Runs revocations against whatever may be in flight: a handshake, a socket that opens, an answer about
 * a right, a start that waits for room. After a revocation nothing that was revoked is delivered.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { RevocationModel } from "./revocation_setup.ts";

const STEPS = 2_000;

for (const seed of [1, 2, 3, 4, 5, 6]) {
  Deno.test(`Live.revoke() prevents every delivery of what it revoked (seed ${seed})`, async () => {
    await using model = new RevocationModel(seed);
    await model.start();
    for (let count = 0; count < STEPS; count++) {
      await model.step();
      assertEquals(model.failures, [], `at step ${count}`);
    }
    await model.finish();
    assertEquals(model.failures, []);
    for (const [what, count] of Object.entries(model.seen)) assertGreater(count, 0, what);
  });
}
