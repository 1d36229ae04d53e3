/**
 * How long a slow reader may take.
 *
 * @module
 */

/** The slowest reader that counts as one, in bytes per second: a poor mobile connection. */
const MIN_BYTES_PER_SECOND = 16_384;

/**
 * Returns how long the slowest reader takes to read so much, in milliseconds. Until then its silence
 * says nothing.
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
