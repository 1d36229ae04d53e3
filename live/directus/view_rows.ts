/**
 * Requests for a view's rows, and reading them from Directus's answer.
 *
 * @module
 */

import { z } from "zod";
import type { Row, Rows, ViewRefused } from "../domain/view_source.ts";
import type { ViewQuery } from "../domain/view_query.ts";

/** The largest row, as JSON text, in UTF-16 code units: one publication carries it. */
const MAX_ROW_LENGTH = 262_144;

/**
 * The alias under which the primary key is requested again, so that each row has it whatever fields the
 * client asks for. It is removed from the rows.
 */
const KEY_ALIAS = "live_key";

const answer = z.object({ data: z.array(z.record(z.string(), z.unknown())) });

/** What Directus returns if the user may read no field of the query: only the primary keys. */
const bareKeys = z.object({ data: z.array(z.union([z.string(), z.number()])).min(1) });

/**
 * Returns the body of the SEARCH request that reads a view. Its sort ends with the primary key. Otherwise a
 * database may order equal rows differently each time, and the view would change with every read.
 *
 * @param keys Limits it to these rows. @default {all rows}
 */
export function searchOf(
  { collection: _, isOpen: __, ...query }: ViewQuery,
  primaryKey: string,
  keys?: readonly string[],
): unknown {
  const { sort = [], filter } = query;
  const only = { [primaryKey]: { _in: keys } };
  const isTotal = sort.some((path) => path.replace(/^-/, "") === primaryKey);
  return {
    query: {
      ...query,
      ...(sort.length > 0 && !isTotal ? { sort: [...sort, primaryKey] } : {}),
      fields: [...query.fields, KEY_ALIAS],
      alias: { [KEY_ALIAS]: primaryKey },
      ...(keys === undefined ? {} : {
        filter: filter === undefined ? only : { _and: [filter, only] },
        limit: keys.length,
      }),
    },
  };
}

/** Reads the rows from Directus's answer. Drops duplicates, because a join may return a row twice. */
export function readRows(json: unknown): Rows | ViewRefused | undefined {
  const { data } = answer.safeParse(json);
  if (data === undefined) {
    return bareKeys.safeParse(json).success ? refused(NO_FIELDS) : undefined;
  }
  const rows = new Map<string, Row>();
  for (const { [KEY_ALIAS]: id, ...row } of data.data) {
    if (typeof id !== "string" && typeof id !== "number") {
      return refused("The rows' primary key cannot be read; LIVE_TOPICS names it if it is not id");
    }
    const [key, text] = [String(id), JSON.stringify(row)];
    if (text.length > MAX_ROW_LENGTH) {
      return refused(`A row is longer than ${MAX_ROW_LENGTH} characters: ask for fewer fields`);
    }
    if (!rows.has(key)) rows.set(key, { key, json: text });
  }
  return { kind: "rows", rows: [...rows.values()] };
}

const NO_FIELDS = "Every field of the query leads to a collection that may not be read";

function refused(reason: string): ViewRefused {
  return { kind: "refused", code: "bad-view", reason };
}

/**
 * Returns the keys that a filter limits its rows to: those of `_eq` or `_in` on the primary key, at the
 * top or within `_and`.
 */
export function pinnedKeys(
  { filter }: Pick<ViewQuery, "filter">,
  primaryKey: string,
): ReadonlySet<string> | undefined {
  const condition = filter?.[primaryKey];
  if (typeof condition === "object" && condition !== null) {
    const { _eq, _in } = condition as Record<string, unknown>;
    const keys = Array.isArray(_in) ? _in : _eq === undefined ? [] : [_eq];
    const isKey = (key: unknown) => typeof key === "string" || typeof key === "number";
    if (keys.length > 0 && keys.every(isKey)) return new Set(keys.map(String));
  }
  const all = filter?.["_and"];
  if (!Array.isArray(all)) return undefined;
  return all.map((member) => pinnedKeys({ filter: member }, primaryKey))
    .find((keys) => keys !== undefined);
}
