/**
 * What a URL or a body requests of Directus.
 *
 * @module
 */

import type { ItemQuery } from "./items.ts";

/** A request that arrived. */
export interface StandInCall {
  /** Method and pattern, such as `GET /users/me` or `GET /items/:collection/:id`. */
  route: string;
  /** The URL as it arrived. */
  url: URL;
  /** Headers as they arrived: a test sees what was forwarded. */
  headers: Headers;
}

/** A request's path, parsed. */
export interface Target {
  /** Method and pattern, such as `GET /users/me` or `GET /items/:collection/:id`. */
  route: string;
  /** Name of the collection, empty on other routes. */
  collection: string;
  /** Key of the item, empty on other routes. */
  id: string;
}

/**
 * Parses a request's path.
 *
 * The URL parser has already removed `.` and `..`, even if written as `%2e`: `/items/events/.` has
 * become the list `/items/events/`.
 */
export function targetOf(method: string, url: URL, basePath: string): Target {
  const path = url.pathname.startsWith(`${basePath}/`)
    ? url.pathname.slice(basePath.length)
    : "outside of the base path";
  const [, collection, id] = path.match(/^\/items\/([^/]+)(?:\/([^/]*))?$/) ?? [];
  if (!collection) return { route: `${method} ${path}`, collection: "", id: "" };
  if (!id) return { route: `${method} /items/:collection`, collection, id: "" };
  return { route: `${method} /items/:collection/:id`, collection, id: decode(id) };
}

/** Returns the fields that a URL requests; `undefined` if it names none. */
export function fieldsOf(url: URL): string[] | undefined {
  const fields = [...url.searchParams.getAll("fields"), ...url.searchParams.getAll("fields[]")];
  return fields.length > 0 ? fields.flatMap((field) => field.split(",")) : undefined;
}

/** Reads `fields`, `limit` and `filter[<pk>][_in]` from a URL. */
export function queryOf(url: URL): ItemQuery {
  const filter = url.searchParams.entries().find(([name]) => /^filter\[\w+\]\[_in\]$/.test(name));
  const limit = url.searchParams.get("limit");
  return {
    fields: fieldsOf(url),
    keys: filter?.[1].split(","),
    limit: limit === null ? undefined : Number(limit),
  };
}

/** Reads the same from the body of a `SEARCH`; `undefined` if that is not JSON. */
export function queryOfBody(body: string): ItemQuery | undefined {
  try {
    const { fields, filter, limit } = JSON.parse(body).query;
    const [condition] = Object.values(filter ?? {}) as { _in?: unknown[] }[];
    return { fields, keys: condition?._in?.map(String), limit };
  } catch {
    return undefined;
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
