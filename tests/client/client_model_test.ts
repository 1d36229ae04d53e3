/**
 * The client under random use, against the real hub: whatever happens, its subscribers end with
 * the state of their topics.
 *
 * @module
 */

import { assertGreater } from "@std/assert";
import { Model } from "./model_setup.ts";

const STEPS = 1_500;

for (const [seed, historySize] of [[1, 8], [2, 64], [3, 256], [4, 1_000]] as const) {
  Deno.test(`LiveClient's subscribers end with the topics' state: history of ${historySize}`, async () => {
    await using model = new Model(seed, historySize);

    for (let step = 0; step < STEPS; step++) await model.step();
    await model.finish();

    for (const count of Object.values(model.seen)) assertGreater(count, 0);
  });
}
