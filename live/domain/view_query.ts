/**
 * Queries of views: what a client may ask for, in canonical form.
 *
 * @module
 */

import { z } from "zod";
import { isCollectionName } from "./topic.ts";
import { describeFault } from "./zod_fault.ts";

/** A query in canonical form: equal queries have equal text. */
export interface ViewQuery {
  /** The collection whose items are listed. */
  readonly collection: string;
  /** Paths of the fields of each row, sorted. */
  readonly fields: readonly string[];
  /** A Directus filter. */
  readonly filter?: Filter | undefined;
  /** Paths to sort by, `-` before a descending one. */
  readonly sort?: readonly string[] | undefined;
  /** How many rows at most. */
  readonly limit: number;
  /** A text to search for. */
  readonly search?: string | undefined;
  /** Filters, sorts and limits of nested rows. */
  readonly deep?: Filter | undefined;
  /**
   * Whether the view follows all rows that match. Then its `limit` bounds only the list with which a
   * subscription begins. Clients of Live's own protocol cannot ask for an open view.
   */
  readonly isOpen?: true | undefined;
}

/** A filter as Directus takes it: an object of fields and operators. */
export type Filter = Readonly<Record<string, unknown>>;

/** Rows of a view whose query has no `limit`, as in Directus. */
export const DEFAULT_LIMIT = 100;

/**
 * Bounds of a query. A client chooses it, and it costs the database time: bounds of length and depth limit
 * that cost (CWE-400).
 */
const MAX_FIELDS = 100;
const MAX_SORTS = 10;
const MAX_PATH_LENGTH = 256;
const MAX_PATH_DEPTH = 6;
const MAX_FILTER_LENGTH = 8_192;
const MAX_FILTER_DEPTH = 12;
const MAX_SEARCH_LENGTH = 256;
const MAX_NESTED_ROWS = 1_000;
/** Depth of the whole message, which is checked before anything else. */
const MAX_DEPTH = 64;

/** How the names of Directus's own collections begin. They have no items route. */
const SYSTEM = "directus_";

/** Parameters of Directus that a view cannot have. */
const UNSUPPORTED = [
  "aggregate",
  "alias",
  "backlink",
  "export",
  "groupBy",
  "meta",
  "offset",
  "page",
  "version",
] as const;

/** Names that have a special meaning in JavaScript (CWE-1321). */
const RESERVED_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** A field path: names, `*`, a collection of a many-to-any field, or a function of a field. */
const PATH =
  /^(?:(?:[A-Za-z_][\w-]*(?::[A-Za-z_][\w-]*)?|\*)\.)*(?:[A-Za-z_][\w-]*|\*|[a-z]+\([A-Za-z_][\w-]*\))$/;

const path = z.string().max(MAX_PATH_LENGTH).refine(isPath, "must be the path of a field");

/**
 * Returns the schema of a list that checks the length first, because checking each member of a long list
 * costs time.
 */
function listOf<Member extends z.ZodType<string, unknown>>(member: Member, max: number) {
  return z.array(z.unknown()).max(max).pipe(z.array(member));
}

const filter = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  const fault = filterFault(value);
  if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
});

const deep = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  const fault = filterFault(value) ?? deepFault(value);
  if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
});

const sort = z.string().max(MAX_PATH_LENGTH + 1).refine(
  (text) => isPath(text.replace(/^-/, "")),
  "must be the path of a field, perhaps with a - before it",
);

/** What `deep` may set for nested rows. Directus itself accepts every parameter of a query there. */
const NESTED = z.strictObject({
  _filter: filter,
  _sort: listOf(sort, MAX_SORTS),
  _limit: z.int().min(1).max(MAX_NESTED_ROWS),
  _search: z.string().min(1).max(MAX_SEARCH_LENGTH),
}).partial();

const fields = {
  fields: listOf(path, MAX_FIELDS).pipe(z.array(z.string()).min(1)).default(["*"]),
  filter: filter.nullish(),
  sort: listOf(sort, MAX_SORTS).nullish(),
  search: z.string().min(1).max(MAX_SEARCH_LENGTH).nullish(),
  deep: deep.nullish(),
};

const view = z.object({
  collection: z.string()
    .refine(isCollectionName, "must be the name of a collection")
    .refine((name) => !name.startsWith(SYSTEM), "must not be a system collection"),
  query: z.record(z.string(), z.unknown()).default({}),
});

/**
 * Reads a client's `{"collection", "query"}`.
 *
 * @param maxRows The largest `limit`.
 * @returns The query in canonical form, or what is wrong with it, as a sentence for the client.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readViewQuery } from "./view_query.ts";
 *
 * assertEquals(readViewQuery({ collection: "events", query: { fields: ["title", "id"] } }, 1_000), {
 *   collection: "events",
 *   fields: ["id", "title"],
 *   limit: 100,
 * });
 * assertEquals(
 *   readViewQuery({ collection: "events", query: { page: 2 } }, 1_000),
 *   "query.page: not supported in a view",
 * );
 * ```
 */
export function readViewQuery(value: unknown, maxRows: number): ViewQuery | string {
  if (isTooDeep(value, MAX_DEPTH)) return `query: must be at most ${MAX_DEPTH} levels deep`;
  if (hasReservedName(value)) return "query: must not use a reserved name";
  const parsed = view.safeParse(value);
  if (!parsed.success) return describeFault(parsed.error);
  const { collection, query } = parsed.data;
  const unknown = Object.keys(query).find((name) =>
    !Object.hasOwn(fields, name) && name !== "limit"
  );
  if (unknown !== undefined) {
    const isKnown = UNSUPPORTED.some((name) => name === unknown);
    return `query.${unknown.slice(0, 64)}: ${isKnown ? "not supported in a view" : "unknown"}`;
  }
  const limit = z.int().min(1).max(maxRows).default(Math.min(DEFAULT_LIMIT, maxRows));
  const read = z.object({ ...fields, limit }).safeParse(query);
  if (!read.success) return `query.${describeFault(read.error)}`;
  const { filter, sort, search, deep } = read.data;
  return {
    collection,
    fields: [...new Set(read.data.fields)].sort(),
    limit: read.data.limit,
    ...(filter && Object.keys(filter).length > 0 ? { filter } : {}),
    ...(sort && sort.length > 0 ? { sort } : {}),
    ...(search ? { search } : {}),
    ...(deep && Object.keys(deep).length > 0 ? { deep } : {}),
  };
}

/** Returns a text that is equal for equal queries, whatever the order of members in their filters. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`);
  return `{${members.join()}}`;
}

function isPath(text: string): boolean {
  const names = text.split(/[.:]/);
  return PATH.test(text) && names.length <= MAX_PATH_DEPTH &&
    !names.some((name) => RESERVED_NAMES.has(name));
}

function filterFault(value: unknown): string | undefined {
  if (isTooDeep(value, MAX_FILTER_DEPTH)) return `must be at most ${MAX_FILTER_DEPTH} levels deep`;
  return JSON.stringify(value).length > MAX_FILTER_LENGTH
    ? `must be at most ${MAX_FILTER_LENGTH} characters long`
    : undefined;
}

/** Returns what is wrong with the parameters of nested rows. All other names are names of fields. */
function deepFault(value: Filter): string | undefined {
  const parameters = Object.entries(value).filter(([name]) => name.startsWith("_"));
  const read = NESTED.safeParse(Object.fromEntries(parameters));
  if (!read.success) return describeFault(read.error);
  return Object.entries(value).filter(([name]) => !name.startsWith("_"))
    .map(([name, nested]) =>
      typeof nested === "object" && nested !== null && !Array.isArray(nested)
        ? deepFault(nested as Filter)
        : `${name.slice(0, 64)}: must be an object`
    ).find((fault) => fault !== undefined);
}

function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isTooDeep(member, levels - 1));
}

function hasReservedName(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, member]) =>
    RESERVED_NAMES.has(name) || hasReservedName(member)
  );
}
