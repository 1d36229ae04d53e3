/**
 * Collections, their readers, and how Directus finds an item by the key in a URL.
 *
 * @module
 */

import { refusals, refuse, respond } from "./responses.ts";
import type { StandInCollection, StandInItem } from "./options.ts";

/** In a list of readers: all clients, with a session or without. */
export const PUBLIC = "public";

/** Query for a list of items. */
export interface ItemQuery {
  /** Fields to return; `undefined` for all. */
  fields?: readonly string[] | undefined;
  /** Keys to filter by; `undefined` for all. */
  keys?: readonly string[] | undefined;
  /**
   * Maximum number of items; -1 for all.
   *
   * @default {100}
   */
  limit?: number | undefined;
}

/** Collections, and who may read their items. */
export class Items {
  readonly #collections = new Map<string, StandInCollection>();
  /** Rights to single items by `<collection>/<key>`; they override the collection's readers. */
  readonly #rights = new Map<string, Map<string, boolean>>();

  readonly #limitMax: number;

  /**
   * Creates the store. Readers of collections are ids of users, or `public`.
   *
   * @param limitMax Maximum number of items in any list; -1 for no maximum.
   */
  constructor(collections: readonly StandInCollection[], limitMax = -1) {
    this.#limitMax = limitMax;
    for (const collection of collections) this.#collections.set(collection.name, collection);
  }

  /**
   * Grants or denies one user one item.
   *
   * @throws {TypeError} If there is no such collection.
   */
  setRight(user: string, name: string, id: string | number, allowed: boolean): void {
    if (!this.#collections.has(name)) {
      throw new TypeError(`Cannot set a right as there is no collection '${name}'`);
    }
    const path = `${name}/${id}`;
    const rights = this.#rights.get(path) ?? new Map<string, boolean>();
    this.#rights.set(path, rights.set(user, allowed));
  }

  /** Responds with one item. Forbidden, absent and malformed keys look the same: 403. */
  one(user: string | undefined, name: string, id: string, fields?: readonly string[]): Response {
    const collection = this.#collections.get(name);
    const item = collection?.items.find((item) => matches(collection, item, id));
    if (!collection || !item || !this.#mayRead(user, collection, item)) {
      return refuse(refusals.forbidden);
    }
    if (!knowsFields(collection, fields)) return refuse(refusals.forbidden);
    return respond(pick(item, fields));
  }

  /** Responds with the items that the user may read, or with 403 if there are none at all. */
  list(user: string | undefined, name: string, query: ItemQuery): Response {
    const collection = this.#collections.get(name);
    if (!collection || !knowsFields(collection, query.fields)) return refuse(refusals.forbidden);
    const readable = collection.items.filter((item) => this.#mayRead(user, collection, item));
    if (readable.length === 0) return refuse(refusals.forbidden);
    const { keys, limit = 100 } = query;
    if (keys?.some((key) => !isKey(collection, key))) return refuse(refusals.query);
    const found = readable.filter((item) =>
      !keys || keys.some((key) => matches(collection, item, key))
    );
    const most = limit < 0 ? this.#limitMax : limit;
    const page = most < 0 ? found : found.slice(0, most);
    return respond(page.map((item) => pick(item, query.fields)));
  }

  #mayRead(user: string | undefined, collection: StandInCollection, item: StandInItem): boolean {
    const rights = this.#rights.get(`${collection.name}/${keyOf(collection, item)}`);
    const own = user === undefined ? undefined : rights?.get(user);
    const right = own ?? rights?.get(PUBLIC);
    if (right !== undefined) return right;
    const readers = collection.readers ?? [];
    return readers.includes(PUBLIC) || (user !== undefined && readers.includes(user));
  }
}

function keyOf(collection: StandInCollection, item: StandInItem): unknown {
  return item[collection.primaryKey ?? "id"];
}

/**
 * Tells whether a key in a URL identifies an item.
 *
 * Integers are parsed like JavaScript numbers, so `01`, `1.0`, `+1`, ` 1`, `1e0` and `0x1` all
 * identify item 1. The case of a uuid does not matter, as in PostgreSQL.
 */
function matches(collection: StandInCollection, item: StandInItem, id: string): boolean {
  const key = keyOf(collection, item);
  switch (collection.keyType ?? "integer") {
    case "integer":
      return id.trim() !== "" && Number(id) === key;
    case "uuid":
      return String(key).toLowerCase() === id.toLowerCase();
    case "string":
      return key === id;
  }
}

/** Tells whether a filter may contain a key: integer keys must be numbers, and an empty one is 0. */
function isKey({ keyType = "integer" }: StandInCollection, id: string): boolean {
  return keyType !== "integer" || !Number.isNaN(Number(id));
}

function knowsFields(collection: StandInCollection, fields?: readonly string[]): boolean {
  const known = new Set([collection.primaryKey ?? "id", ...collection.items.flatMap(Object.keys)]);
  return (fields ?? []).every((field) => field === "*" || known.has(field));
}

function pick(item: StandInItem, fields?: readonly string[]): StandInItem {
  if (!fields || fields.length === 0 || fields.includes("*")) return { ...item };
  return Object.fromEntries(Object.entries(item).filter(([name]) => fields.includes(name)));
}
