/**
 * The most frequent of many names.
 *
 * @module
 */

/** Names that are counted at the same time. */
const MAX_COUNTED = 16;

/**
 * Finds frequent names in bounded memory, however many different names there are (the algorithm of Misra
 * and Gries). A name that makes up more than a seventeenth of all is always found, so an attacker who makes
 * up names cannot hide the names of others.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FrequentNames } from "./frequent_names.ts";
 *
 * const names = new FrequentNames();
 * for (const name of ["a", "b", "b"]) names.add(name);
 * assertEquals(names.top(5), ["b", "a"]);
 * ```
 */
export class FrequentNames {
  readonly #counts = new Map<string, number>();

  /** Counts a name. */
  add(name: string): void {
    const count = this.#counts.get(name);
    if (count !== undefined || this.#counts.size < MAX_COUNTED) {
      this.#counts.set(name, (count ?? 0) + 1);
      return;
    }
    for (const [other, count] of this.#counts) {
      if (count === 1) this.#counts.delete(other);
      else this.#counts.set(other, count - 1);
    }
  }

  /** Returns the most frequent names, at most `max`, the most frequent first. */
  top(max: number): string[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a).slice(0, max).map(([name]) => name);
  }
}
