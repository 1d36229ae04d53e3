/**
 * Tests of the sockets of the transport `ws`.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { createEncoder } from "../../live/transport/ws_socket.ts";

const decoder = new TextDecoder();

Deno.test("createEncoder() returns the very bytes again while the frame is the same", () => {
  const encode = createEncoder();
  const frame = '{"type":"message","data":"é😀"}';

  const bytes = encode(frame);

  assertEquals(decoder.decode(bytes), frame);
  assertStrictEquals(encode(`${frame}`), bytes);
});

Deno.test("createEncoder() encodes every other frame anew, an empty one included", () => {
  const encode = createEncoder();

  const frames = ["a", "b", "", "a"].map((frame) => decoder.decode(encode(frame)));

  assertEquals(frames, ["a", "b", "", "a"]);
});
