/**
 * What must be published to turn one list into another.
 *
 * @module
 */

import { generateNKeysBetween } from "fractional-indexing";
import type { Row } from "../domain/view_source.ts";

/** A row as a view's log holds it. */
export interface RankedRow extends Row {
  /** Its place: rows sorted by rank, by code unit, are in the query's order. */
  readonly rank: string;
}

/** The differences between two lists. */
export interface Differences {
  /** Keys of rows that are gone. */
  readonly removed: readonly string[];
  /** Rows that are new, have changed, or have moved. */
  readonly upserts: readonly RankedRow[];
}

/**
 * If a rank gets longer than this, all ranks are replaced. Ranks grow when rows are inserted again and
 * again between the same two rows.
 */
const MAX_RANK_LENGTH = 64;

/**
 * Compares the rows in a view's log with the rows that were read.
 *
 * A row keeps its rank if possible. Of the old rows, only rows outside the longest run that is still in
 * order move. That is the smallest possible number.
 *
 * @param before The rows by key, as the log holds them.
 * @param rows The rows that were read, in order.
 */
export function differences(
  before: ReadonlyMap<string, RankedRow>,
  rows: readonly Row[],
): Differences {
  const keys = new Set(rows.map(({ key }) => key));
  const removed = [...before.keys()].filter((key) => !keys.has(key));
  const ranks = ranksOf(before, rows);
  const upserts: RankedRow[] = [];
  for (const [index, row] of rows.entries()) {
    const rank = ranks[index] as string;
    const known = before.get(row.key);
    if (known?.rank !== rank || known.json !== row.json) upserts.push({ ...row, rank });
  }
  return { removed, upserts };
}

function ranksOf(before: ReadonlyMap<string, RankedRow>, rows: readonly Row[]): string[] {
  const old = rows.map(({ key }) => before.get(key)?.rank);
  const ranks = fillGaps(keepLongestRun(old));
  const hasLong = ranks.some((rank) => rank.length > MAX_RANK_LENGTH);
  return hasLong ? fillGaps(rows.map(() => undefined)) : ranks;
}

/** Keeps only the longest strictly rising run of ranks (patience sorting). */
function keepLongestRun(ranks: readonly (string | undefined)[]): (string | undefined)[] {
  const tails: number[] = []; // index of the lowest rank that ends a run of each length
  const previous: number[] = [];
  for (const [index, rank] of ranks.entries()) {
    if (rank === undefined) continue;
    const length = lowerBound(tails, rank, ranks);
    previous[index] = tails[length - 1] ?? -1;
    tails[length] = index;
  }
  const kept: (string | undefined)[] = ranks.map(() => undefined);
  for (let index = tails.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1) {
    kept[index] = ranks[index];
  }
  return kept;
}

/** Returns how many runs end below a rank. */
function lowerBound(
  tails: readonly number[],
  rank: string,
  ranks: readonly (string | undefined)[],
): number {
  let [low, high] = [0, tails.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranks[tails[middle] as number] as string) < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Gives every row without a rank one between those of its neighbours. */
function fillGaps(ranks: readonly (string | undefined)[]): string[] {
  const filled: string[] = [];
  for (const [index, rank] of [...ranks, undefined].entries()) {
    const isEnd = index === ranks.length;
    if (rank === undefined && !isEnd) continue;
    const gap = index - filled.length;
    filled.push(...generateNKeysBetween(filled.at(-1) ?? null, isEnd ? null : rank, gap));
    if (rank !== undefined) filled.push(rank);
  }
  return filled;
}
