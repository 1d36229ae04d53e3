/**
 * Reading what is due, and comparing it with what a view's log holds.
 *
 * @module
 */

import type { ItemEvent } from "../domain/broker.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { Row, Viewer, ViewSource } from "../domain/view_source.ts";
import type { Appended, TopicHistory } from "../history/topic_history.ts";
import { differences, type RankedRow } from "./differences.ts";
import type { DueRead } from "./due.ts";
import type { ReadFailure } from "./view_options.ts";

/** The result of a read. */
export interface Compared {
  /** Tells the union's members apart. */
  readonly kind: "compared";
  /** What has to be published, in order. */
  readonly publications: readonly Appended[];
}

/** What a read needs. */
export interface ReadingOptions {
  /** The source of rows. */
  readonly source: ViewSource;
  /** The query. */
  readonly query: ViewQuery;
  /** The log with what was published before. */
  readonly log: TopicHistory;
  /** The session that reads. */
  readonly viewer: Viewer;
}

/** How many rows one call asks for by key. */
const MAX_KEYS = 500;

/**
 * Reads what is due. The log must not grow meanwhile.
 *
 * A row of an open view that is no longer in its list may still match the query. So it is read by its key,
 * together with the rows that changed.
 */
export async function readDue(
  due: DueRead,
  options: ReadingOptions,
): Promise<Compared | ReadFailure> {
  const { source, query, viewer } = options;
  const held = heldRows(options.log);
  const publications: Appended[] = [];
  const keys = new Map(due.keys);
  // Before the list is read: a row that is in it now is not read again by its key, as it would lose its rank.
  if (due.rest) { for (const key of held.rest.keys()) keys.set(key, keys.get(key)); }
  if (due.list) {
    const answer = await source.read(viewer, query);
    if (answer.kind !== "rows") return answer;
    const { removed, upserts } = differences(held.ranked, answer.rows);
    if (query.isOpen) {
      for (const key of removed) keys.set(key, keys.get(key));
      for (const row of upserts) publications.push({ ...row, event: keys.get(row.key) });
      for (const { key } of answer.rows) keys.delete(key);
    } else {
      for (const key of removed) publications.push({ key, json: undefined });
      publications.push(...upserts);
    }
  }
  const names = [...keys.keys()];
  for (let start = 0; start < names.length; start += MAX_KEYS) {
    const some = names.slice(start, start + MAX_KEYS);
    const answer = await source.read(viewer, query, some);
    if (answer.kind !== "rows") return answer;
    const rows = new Map(answer.rows.map((row) => [row.key, row]));
    for (const key of some) {
      const publication = compare(key, rows.get(key), keys.get(key), held, due.list);
      if (publication !== undefined) publications.push(publication);
    }
  }
  return { kind: "compared", publications };
}

/** The rows that a log holds: the rows of the list, which have ranks, and the others. */
interface HeldRows {
  readonly ranked: ReadonlyMap<string, RankedRow>;
  readonly rest: ReadonlyMap<string, Row>;
}

function heldRows(log: TopicHistory): HeldRows {
  const ranked = new Map<string, RankedRow>();
  const rest = new Map<string, Row>();
  for (const { key = "", rank, json = "" } of log.latest(0)) {
    if (rank === undefined) rest.set(key, { key, json });
    else ranked.set(key, { key, rank, json });
  }
  return { ranked, rest };
}

/**
 * Returns what must be published about a row that was read by its key.
 *
 * @param leftList Whether the row was in the list, and no longer is.
 */
function compare(
  key: string,
  row: Row | undefined,
  event: ItemEvent | undefined,
  { ranked, rest }: HeldRows,
  leftList: boolean,
): Appended | undefined {
  const listed = ranked.get(key);
  const known = listed ?? rest.get(key);
  if (row === undefined) {
    // For a row that was never shown, only its deletion may have been reported.
    const isTold = known !== undefined || event === "delete";
    return isTold ? { key, json: undefined, event } : undefined;
  }
  if (listed !== undefined && !leftList) {
    return listed.json === row.json ? undefined : { ...row, rank: listed.rank, event };
  }
  return listed === undefined && known?.json === row.json ? undefined : { ...row, event };
}
