/**
 * Encodes frames.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Returns the bytes of a frame. */
export type EncodeFrame = (frame: string) => Uint8Array<ArrayBuffer>;

/**
 * Creates a function that encodes frames and remembers the last one. A broadcast sends the same frame to
 * every subscriber at a position. So the queues of slow readers share one buffer.
 *
 * @example
 * ```ts
 * import { assertStrictEquals } from "@std/assert";
 * import { createFrameEncoder } from "./frame_encoder.ts";
 *
 * const encode = createFrameEncoder();
 * assertStrictEquals(encode("frame"), encode("frame"));
 * ```
 */
export function createFrameEncoder(): EncodeFrame {
  let last = "";
  let bytes = Buffer.from(last);
  return (frame) => {
    if (frame !== last) {
      last = frame;
      bytes = Buffer.from(frame);
    }
    return bytes;
  };
}
