/**
 * Telling a leak from the noise of the heap.
 *
 * @module
 */

/**
 * Returns by how much the heap grows from one round to the next, in MiB, given its size after each of
 * several equal rounds, without garbage.
 *
 * A leak adds to the heap in every round. Noise does not: the table of a map doubles once, and caches
 * fill up to their bound. Therefore the median of the growths counts: half of the rounds may be noisy.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { leakMib } from "./leak.ts";
 *
 * assertEquals(leakMib([10, 11, 12, 14]), 1); // a leak
 * assertEquals(leakMib([10, 18, 18, 17]), 0); // a table that has grown
 * ```
 */
export function leakMib(heapsMib: readonly number[]): number {
  const growths = heapsMib.slice(1).map((mib, index) => mib - (heapsMib[index] ?? NaN));
  return growths.toSorted((a, b) => a - b)[Math.floor(growths.length / 2)] ?? NaN;
}
