/**
 * What the page warns of, as long as Deno does it: an upgrade of Deno that mends it shall be seen.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Opcode, readClose } from "../support/frames.ts";
import { startLive } from "../support/live.ts";
import { RawClient } from "../support/raw_client.ts";

/** Fragments, together more than the kernel holds: they can be written only if they are read. */
const FRAGMENT = new Uint8Array(1_000_000);
const FRAGMENTS = 32;

Deno.test("Deno reads on what a client sends that was refused", async () => {
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
