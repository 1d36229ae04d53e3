/**
 * Finding the name that was meant by a misspelt one.
 *
 * @module
 */

/** How many letters may differ. With more, different short names would match. */
const MAX_DISTANCE = 2;

/**
 * Returns the known name that a misspelt one is closest to, if they differ in at most two letters
 * and in at most a third of the name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nearest } from "./nearest.ts";
 *
 * assertEquals(nearest("evnets", ["events", "orders"]), "events");
 * assertEquals(nearest("users", ["events", "orders"]), undefined);
 * ```
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(MAX_DISTANCE, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const candidateDistance = distance(name, candidate);
    if (candidateDistance >= bestDistance) continue;
    best = candidate;
    bestDistance = candidateDistance;
  }
  return best;
}

/** Returns the Levenshtein distance: letters to insert, delete or replace to get from `a` to `b`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(
        at(row, j + 1) + 1,
        at(next, j) + 1,
        at(row, j) + (a[i] === b[j] ? 0 : 1),
      ));
    }
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
