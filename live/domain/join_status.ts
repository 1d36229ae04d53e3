/**
 * One status of several threads or processes.
 *
 * @module
 */

import { Ranking } from "./ranking.ts";
import type { ConnectionRow, StatusPart, StatusQuery, Table, TopicRow, ViewRow } from "./status.ts";

/** Returns the rank of a topic or a view; the highest comes first. */
export function topicRank(
  row: Pick<TopicRow, "rate" | "subscribers" | "bytes">,
  { topicsBy }: StatusQuery,
): number {
  return row[topicsBy];
}

/** Returns the rank of a connection; the highest comes first. */
export function connectionRank(
  row: Pick<ConnectionRow, "lagMs" | "unsent" | "topicCount" | "openedAt">,
  { connectionsBy }: StatusQuery,
): number {
  switch (connectionsBy) {
    case "lag":
      return row.lagMs;
    case "unsent":
      return row.unsent;
    case "topics":
      return row.topicCount;
    case "newest":
      return row.openedAt;
    case "oldest":
      return -row.openedAt;
  }
}

/**
 * Joins the parts of several threads or processes. Rows of one topic, or of one query, become one. A topic
 * or view that several of them have counts several times in the totals.
 */
export function joinStatus(parts: readonly StatusPart[], query: StatusQuery): StatusPart {
  const topics = merge(parts.map(({ topics }) => topics), ({ name }) => name, joinTopics);
  const views = merge(
    parts.map(({ views }) => views),
    ({ collection, query }) => `${collection} ${query}`,
    joinViews,
  );
  const connections = merge(parts.map(({ connections }) => connections), ({ id }) => id);
  return {
    connections: rank(connections, query, (row) => connectionRank(row, query)),
    topics: rank(topics, query, (row) => topicRank(row, query)),
    views: rank(views, query, (row) => topicRank(row, query)),
  };
}

/** Joins tables; rows of one key become one row. */
function merge<Row>(
  tables: readonly Table<Row>[],
  keyOf: (row: Row) => string,
  join: (a: Row, b: Row) => Row = (a) => a,
): Table<Row> {
  const rows = new Map<string, Row>();
  for (const row of tables.flatMap(({ rows }) => rows)) {
    const key = keyOf(row);
    const known = rows.get(key);
    rows.set(key, known === undefined ? row : join(known, row));
  }
  const sum = (count: (table: Table<Row>) => number) =>
    tables.reduce((total, table) => total + count(table), 0);
  return {
    total: sum(({ total }) => total),
    found: sum(({ found }) => found),
    rows: [...rows.values()],
  };
}

function rank<Row>(
  { total, found, rows }: Table<Row>,
  { limit }: StatusQuery,
  rankOf: (row: Row) => number,
): Table<Row> {
  const ranking = new Ranking<Row>(limit);
  for (const row of rows) ranking.add(rankOf(row), () => row);
  return { ...ranking.table(total), found };
}

/** Each thread has a copy of the same log. */
function joinTopics(a: TopicRow, b: TopicRow): TopicRow {
  return {
    name: a.name,
    subscribers: a.subscribers + b.subscribers,
    lagging: a.lagging + b.lagging,
    rate: Math.max(a.rate, b.rate),
    bytes: Math.max(a.bytes, b.bytes),
    offset: Math.max(a.offset, b.offset),
  };
}

/** Each process has its own views, and reads them itself. */
function joinViews(a: ViewRow, b: ViewRow): ViewRow {
  return {
    ...a,
    classes: a.classes + b.classes,
    subscribers: a.subscribers + b.subscribers,
    rate: a.rate + b.rate,
    bytes: a.bytes + b.bytes,
  };
}
