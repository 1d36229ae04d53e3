/**
 * Which part of a view must be read next.
 *
 * @module
 */

import type { ItemEvent } from "../domain/broker.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { Change } from "../domain/view_source.ts";

/** The part that one read covers. */
export interface DueRead {
  /** Whether the list that the query describes is read. */
  readonly list: boolean;
  /** Whether the rows of an open view that are outside its list are read too. */
  readonly rest: boolean;
  /** Rows of an open view that were reported as changed, and what happened to them. */
  readonly keys: ReadonlyMap<string, ItemEvent | undefined>;
}

/**
 * How many changed rows may wait. Beyond it, everything that the view holds is read again instead, and
 * changes of rows that it does not hold are lost.
 */
const MAX_WAITING = 10_000;

/** How many changed rows may wait for the next member of a view that has no members. */
const MAX_WAITING_IDLE = 500;

/**
 * Collects what must be read. For a view that is not open, that is always the list. For an open view, it is
 * the rows that changed, if their keys are reported.
 */
export class Due {
  readonly #query: ViewQuery;
  readonly #keys = new Map<string, ItemEvent | undefined>();
  #list = true;
  #rest = false;

  /** Creates it with the list as due, because it must be read first. */
  constructor(query: ViewQuery) {
    this.#query = query;
  }

  /** Whether nothing has to be read. */
  get isEmpty(): boolean {
    return !this.#list && !this.#rest && !this.hasKeys;
  }

  /** Whether too many rows have changed for a view without members to be worth keeping. */
  get isMuch(): boolean {
    return this.#keys.size > MAX_WAITING_IDLE;
  }

  /** Whether rows were reported as changed. */
  get hasKeys(): boolean {
    return this.#keys.size > 0;
  }

  /** Notes that the list has to be read. */
  addList(): void {
    this.#list = true;
  }

  /** Notes that everything that the view holds must be read. */
  addAll(): void {
    this.#list = true;
    this.#rest = this.#query.isOpen === true;
  }

  /** Notes a change. Without a change, notes that everything may have changed. */
  add(change?: Change): void {
    if (change === undefined) return this.addAll();
    const { collection, event, keys } = change;
    const { isOpen } = this.#query;
    if (!isOpen || collection !== this.#query.collection || keys === undefined) {
      return this.addAll();
    }
    if (this.#keys.size + keys.length > MAX_WAITING) {
      this.#keys.clear();
      return this.addAll();
    }
    for (const key of keys) this.#addKey(key, event);
  }

  /** Takes everything that is due, for the next read. */
  take(): DueRead {
    const due = { list: this.#list, rest: this.#rest, keys: new Map(this.#keys) };
    this.#keys.clear();
    this.#list = this.#rest = false;
    return due;
  }

  /** Puts back what was not read. It counts as older than what was added meanwhile. */
  putBack({ list, rest, keys }: DueRead): void {
    const newer = [...this.#keys];
    this.#keys.clear();
    for (const [key, event] of [...keys, ...newer]) this.#addKey(key, event);
    this.#list ||= list;
    this.#rest ||= rest;
  }

  /** Adds a key. A row that was created and then updated, before it was read, counts as created. */
  #addKey(key: string, event: ItemEvent | undefined): void {
    const isNew = event === "update" && this.#keys.get(key) === "create";
    this.#keys.set(key, isNew ? "create" : event);
  }
}
