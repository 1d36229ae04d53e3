/**
 * The first rows of a table that may be long.
 *
 * @module
 */

import type { Table } from "./status.ts";

/**
 * Keeps the rows with the highest ranks. It holds only these, however many are added, and creates a row
 * only if its rank is high enough.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Ranking } from "./ranking.ts";
 *
 * const ranking = new Ranking<string>(2);
 * for (const [rank, row] of [[1, "a"], [3, "b"], [2, "c"]] as const) ranking.add(rank, () => row);
 * assertEquals(ranking.table(7), { total: 7, found: 3, rows: ["b", "c"] });
 * ```
 */
export class Ranking<Row> {
  readonly #limit: number;
  /** The highest rank first; rows of equal rank stay in the order in which they were added. */
  readonly #rows: { readonly rank: number; readonly row: Row }[] = [];
  #found = 0;

  /** Creates an empty ranking with room for `limit` rows. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a row. */
  add(rank: number, row: () => Row): void {
    this.#found++;
    const rows = this.#rows;
    const last = rows.at(-1);
    if (rows.length >= this.#limit && (last === undefined || rank <= last.rank)) return;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((rows[middle]?.rank ?? 0) >= rank) low = middle + 1;
      else high = middle;
    }
    rows.splice(low, 0, { rank, row: row() });
    if (rows.length > this.#limit) rows.pop();
  }

  /** Returns the rows, with the total and the number that was added. */
  table(total: number): Table<Row> {
    return { total, found: this.#found, rows: this.#rows.map(({ row }) => row) };
  }
}
