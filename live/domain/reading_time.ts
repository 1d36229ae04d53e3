/**
 * How long a slow client may take to read.
 *
 * @module
 */

/** The lowest reading speed that is accepted, in bytes per second: that of a poor mobile connection. */
const MIN_BYTES_PER_SECOND = 16_384;

/**
 * Returns how long a client may take to read a number of bytes, in milliseconds. Until then, its silence
 * does not mean that it is gone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readingTimeMs } from "./reading_time.ts";
 *
 * assertEquals(readingTimeMs(131_072), 8_000);
 * ```
 */
export function readingTimeMs(bytes: number): number {
  return bytes / MIN_BYTES_PER_SECOND * 1_000;
}
