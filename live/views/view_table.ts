/**
 * The busiest views, for an operator.
 *
 * @module
 */

import { forEachInTurns } from "../domain/in_turns.ts";
import { topicRank } from "../domain/join_status.ts";
import { Ranking } from "../domain/ranking.ts";
import type { StatusQuery, Table, ViewRow } from "../domain/status.ts";
import { canonicalText } from "../domain/view_query.ts";
import type { ViewEntry } from "./view_registry.ts";

/** How much of a query is shown, in UTF-16 code units. */
const MAX_QUERY_LENGTH = 1_000;

/** A row that is being added up. */
type Sum = { -readonly [Name in keyof ViewRow]: ViewRow[Name] };

/** Returns the table of views, with one row for each query over all its access classes. */
export async function viewTable(
  entries: Iterable<ViewEntry>,
  query: StatusQuery,
): Promise<Table<ViewRow>> {
  const rows = new Map<string, Sum>();
  await forEachInTurns(entries, ({ view }) => {
    const { collection, ...rest } = view.query;
    const text = canonicalText(rest);
    const key = `${collection} ${text}`;
    const row = rows.get(key) ?? emptyRow(collection, text.slice(0, MAX_QUERY_LENGTH));
    rows.set(key, row);
    const { bytes, rate } = view.log.measure();
    row.classes++;
    row.subscribers += view.size;
    row.rate += rate;
    row.bytes += bytes;
  });
  const searched = query.topics.toLowerCase();
  const ranking = new Ranking<ViewRow>(query.limit);
  for (const [key, row] of rows) {
    if (key.toLowerCase().includes(searched)) ranking.add(topicRank(row, query), () => row);
  }
  return ranking.table(rows.size);
}

function emptyRow(collection: string, query: string): Sum {
  return { collection, query, classes: 0, subscribers: 0, rate: 0, bytes: 0 };
}
