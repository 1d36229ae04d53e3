/**
 * Collections, who may read them, and how Directus finds an item by the key in a URL.
 *
 * @module
 */

import { answer, refusals, refuse } from "./answers.ts";
import type { StandInCollection, StandInItem } from "./options.ts";

/** Stands for everybody in the lists of readers. */
export const PUBLIC = "public";

/** Query of a list of items. */
export interface ItemQuery {
  /** Fields asked for, `undefined` for all. */
  fields?: readonly string[] | undefined;
  /** Keys the list is limited to, `undefined` for all. */
  keys?: readonly string[] | undefined;
  /**
   * Most items in the answer, -1 for all.
   *
   * @default {100}
   */
  limit?: number | undefined;
}

/** Holds the collections and the rights to their items. */
export class Items {
  readonly #collections = new Map<string, StandInCollection>();
  /** Rights to single items by `<collection>/<key>`; they go before the collection's readers. */
  readonly #rights = new Map<string, Map<string, boolean>>();

  readonly #limitMax: number;

  /**
   * Creates the store over its collections, whose readers are ids of users or `public`. No list
   * holds more than `limitMax` items, if that is not negative.
   */
  constructor(collections: readonly StandInCollection[], limitMax = -1) {
    this.#limitMax = limitMax;
    for (const collection of collections) this.#collections.set(collection.name, collection);
  }

  /**
   * Gives or takes the right of one user to one item.
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

  /** Answers for one item. Forbidden, absent and malformed look the same: 403. */
  one(user: string | undefined, name: string, id: string, fields?: readonly string[]): Response {
    const collection = this.#collections.get(name);
    const item = collection?.items.find((item) => matches(collection, item, id));
    if (!collection || !item || !this.#mayRead(user, collection, item)) {
      return refuse(refusals.forbidden);
    }
    if (!knowsFields(collection, fields)) return refuse(refusals.forbidden);
    return answer(pick(item, fields));
  }

  /** Answers with the items the user may read, or 403 where there is nothing to read at all. */
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
    return answer(page.map((item) => pick(item, query.fields)));
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
 * Says whether a key in a URL means an item.
 *
 * Integers are read as JavaScript reads a number, so `01`, `1.0`, `+1`, ` 1`, `1e0` and `0x1` all
 * mean the item 1; uuids in any case, as PostgreSQL does.
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

/** Says whether a list may have a key: a number if keys are integers, an empty one being 0. */
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
