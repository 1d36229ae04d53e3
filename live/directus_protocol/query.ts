/**
 * Reading queries of Directus's realtime protocol, whose parameters are structures or texts.
 *
 * @module
 */

import { DEFAULT_LIMIT, readViewQuery, type ViewQuery } from "../domain/view_query.ts";
import type { SubscribeMessage } from "./messages.ts";

/** What reading a query needs. */
export interface ReadQueryOptions {
  /** Rows of one view. */
  readonly maxRows: number;
  /** Name of the collection's primary key. */
  readonly primaryKey: string;
}

/** How deep parameters of nested rows are read. */
const MAX_DEPTH = 8;

/**
 * Returns the view of a subscription, or what is wrong with its query, as a sentence for the client.
 *
 * The view is open, because Directus reports changes whatever the `limit` is. A subscription to one kind of
 * event begins without data. A subscription to an item begins with that item.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readQuery } from "./query.ts";
 *
 * const options = { maxRows: 1_000, primaryKey: "id" };
 * const query = { fields: "id,author.name", sort: "-id", filter: '{"id":{"_gt":3}}', limit: "10" };
 * assertEquals(readQuery({ type: "subscribe", collection: "posts", query }, options), {
 *   collection: "posts",
 *   fields: ["author.name", "id"],
 *   filter: { id: { _gt: 3 } },
 *   sort: ["-id"],
 *   limit: 10,
 *   isOpen: true,
 * });
 * ```
 */
export function readQuery(
  { collection, query = {}, event, item }: SubscribeMessage,
  { maxRows, primaryKey }: ReadQueryOptions,
): ViewQuery | string {
  const { limit: sent, ...rest } = query;
  const limit = sent === undefined || sent === null ? undefined : Number(sent);
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= -1)) {
    return "query.limit: must be a whole number from -1 on";
  }
  const structures = structuresOf(rest, "");
  if (typeof structures === "string") return structures;
  const isBounded = limit !== undefined && limit > 0;
  const read = readViewQuery(
    { collection, query: isBounded ? { ...structures, limit } : structures },
    maxRows,
  );
  if (typeof read === "string") return read;
  const { sort, filter, ...more } = read;
  const open: ViewQuery = { ...more, ...(filter && { filter }), isOpen: true };
  if (item !== undefined) {
    const only = { [primaryKey]: { _eq: String(item) } };
    return { ...open, filter: filter === undefined ? only : { _and: [filter, only] }, limit: 1 };
  }
  // A deletion is reported only for rows that the client could see, so the view must hold them.
  if (event === "delete") return { ...open, fields: [primaryKey], limit: maxRows };
  if (event !== undefined) return { ...open, limit: 0 };
  const listed = { ...open, ...(sort && { sort }) };
  if (limit === undefined) return { ...listed, limit: Math.min(DEFAULT_LIMIT, maxRows) };
  return { ...listed, limit: limit === -1 ? maxRows : limit };
}

/** Returns parameters as structures; `undefined` ones are left out. */
function structuresOf(
  parameters: Readonly<Record<string, unknown>>,
  prefix: "" | "_",
): Record<string, unknown> | string {
  const structures: [string, unknown][] = [];
  for (const [name, value] of Object.entries(parameters)) {
    const parameter = name.slice(prefix.length);
    // Directus treats an empty parameter as absent.
    if (value === undefined || value === null || value === "") continue;
    const structure = structureOf(parameter, value);
    if (structure === undefined) return `query.${name}: must be JSON`;
    structures.push([name, structure]);
  }
  return Object.fromEntries(structures);
}

/** Returns a parameter as a structure; `undefined` if it is a text that should be JSON. */
function structureOf(name: string, value: unknown): unknown {
  switch (name) {
    case "fields":
      return list(value, splitFields);
    case "sort":
      return list(value, (text) => text.split(","));
    case "filter":
      return typeof value === "string" ? parseJson(value) : value;
    case "deep": {
      const structure = typeof value === "string" ? parseJson(value) : value;
      return structure === undefined ? undefined : nested(structure, MAX_DEPTH);
    }
    case "limit":
      return typeof value === "string" ? Number(value) : value;
    case "search":
      return typeof value === "string" ? value.trim() || value : value;
    default:
      return value;
  }
}

function list(value: unknown, split: (text: string) => string[]): unknown {
  const values = typeof value === "string" ? [value] : value;
  if (!Array.isArray(values)) return value;
  return values.flatMap((text) =>
    typeof text === "string" ? split(text).map((part) => part.trim()) : [text]
  );
}

/**
 * Divides a text at each comma that is not within brackets. It looks at each character once. A pattern that
 * looks ahead for a bracket would do so at each comma, so a text of many commas would block the event loop
 * (CWE-1333).
 */
function splitFields(text: string): string[] {
  const parts: string[] = [];
  let end = text.length;
  let isWithin = false;
  for (let at = text.length - 1; at >= 0; at--) {
    const character = text[at];
    if (character === ")") isWithin = true;
    else if (character === "(") isWithin = false;
    else if (character === "," && !isWithin) {
      parts.push(text.slice(at + 1, end));
      end = at;
    }
  }
  parts.push(text.slice(0, end));
  return parts.reverse();
}

/** Reads the parameters of nested rows, which begin with `_`. */
function nested(value: unknown, levels: number): unknown {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || levels === 0) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) =>
      name.startsWith("_")
        ? [name, structureOf(name.slice(1), member) ?? member]
        : [name, nested(member, levels - 1)]
    ),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
