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

/** What a read led to. */
export interface Compared {
  /** Tells the union's members apart. */
  readonly kind: "compared";
  /** What has to be published, in order. */
  readonly publications: readonly Appended[];
}

/** What a read needs. */
export interface ReadingOptions {
  /** Where rows come from. */
  readonly source: ViewSource;
  /** The query. */
  readonly query: ViewQuery;
  /** What was published before. */
  readonly log: TopicHistory;
  /** The session that reads. */
  readonly viewer: Viewer;
}

/** Rows that are asked for by key in one call, at most. */
const MAX_KEYS = 500;

/**
 * Reads what is due. The log must not grow meanwhile.
 *
 * A row of an open view that is no longer in its list may still match, outside of it. So it is asked for by
 * its key, together with the rows that changed.
 */
export async function readDue(
  due: DueRead,
  options: ReadingOptions,
): Promise<Compared | ReadFailure> {
  const { source, query, viewer } = options;
  const held = heldRows(options.log);
  const publications: Appended[] = [];
  const keys = new Map(due.keys);
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
  if (due.rest) { for (const key of held.rest.keys()) keys.set(key, keys.get(key)); }
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

/** The rows that a log holds: those of the list by rank, and the others. */
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
 * Returns what has to be published of a row that was asked for by its key.
 *
 * @param leftList Whether a row of the list that was asked for is no longer in the list.
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
    // A row that was never shown may have been told of by its deletion alone.
    const isTold = known !== undefined || event === "delete";
    return isTold ? { key, json: undefined, event } : undefined;
  }
  if (listed !== undefined && !leftList) {
    return listed.json === row.json ? undefined : { ...row, rank: listed.rank, event };
  }
  return listed === undefined && known?.json === row.json ? undefined : { ...row, event };
}
