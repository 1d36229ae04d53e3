/**
 * A behaviour of Deno that SECURITY.md warns about. The test fails once a version of Deno fixes it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Opcode, readClose } from "../support/frames.ts";
import { startLive } from "../support/live.ts";
import { RawClient } from "../support/raw_client.ts";

/** More than the buffers of the kernel hold: writing succeeds only if the server reads. */
const FRAGMENT = new Uint8Array(1_000_000);
const FRAGMENTS = 32;

Deno.test("Deno keeps reading from a client that the server has closed", async () => {
  await using live = await startLive();
  using client = await RawClient.connect(live.port);
  await client.upgrade("/?reject=close");
  const close = await client.frame();
  assertEquals(close && readClose(close).code, 4501);

  for (let count = 0; count < FRAGMENTS; count++) {
    const opcode = count === 0 ? Opcode.Binary : Opcode.Continuation;
    await client.sendFrame({ opcode, payload: FRAGMENT, fin: false });
  }
});
