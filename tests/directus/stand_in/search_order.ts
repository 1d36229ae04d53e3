/**
 * The order of rows in an answer.
 *
 * @module
 */

import type { Database, DatabaseRow } from "./database.ts";

/** Compares rows by the fields of a query's `sort`, which may lead to other collections. */
export function compareRows(
  database: Database,
  collection: string,
  sort: readonly string[],
  one: DatabaseRow,
  other: DatabaseRow,
): number {
  for (const path of sort) {
    const names = path.replace(/^-/, "").split(".");
    const [a, b] = [one, other].map((row) => valueAt(database, collection, row, names));
    const order = compareValues(a ?? null, b ?? null);
    if (order !== 0) return path.startsWith("-") ? -order : order;
  }
  return 0;
}

function valueAt(
  database: Database,
  collection: string,
  row: DatabaseRow,
  [name = "", ...rest]: readonly string[],
): number | string | null {
  if (rest.length === 0) return (row[name] ?? null) as number | string | null;
  const target = database.target(collection, name);
  const [other] = target ? database.related(row, name, target) : [];
  return other && target ? valueAt(database, target.collection, other, rest) : null;
}

/** Orders values as SQLite does: null comes first. */
function compareValues(a: number | string | null, b: number | string | null): number {
  if (a === b) return 0;
  return a === null || (b !== null && a < b) ? -1 : 1;
}
