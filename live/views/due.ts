/**
 * What of a view is to be read next.
 *
 * @module
 */

import type { ItemEvent } from "../domain/broker.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { Change } from "../domain/view_source.ts";

/** What one read covers. */
export interface DueRead {
  /** Whether the list that the query describes is read. */
  readonly list: boolean;
  /** Whether the rows of an open view that are outside its list are read too. */
  readonly rest: boolean;
  /** Rows of an open view that were reported as changed, and what happened to them. */
  readonly keys: ReadonlyMap<string, ItemEvent | undefined>;
}

/**
 * Changed rows that wait, at most. Past it all that the view holds is read again instead; changes of rows
 * that it does not hold are lost then.
 */
const MAX_WAITING = 10_000;

/** Changed rows that wait for the next member of a view without any, at most. */
const MAX_WAITING_IDLE = 500;

/**
 * Collects what has to be read. Of a view that is not open, that is always the list. Of an open view it is
 * the rows that changed, as long as their keys are reported.
 */
export class Due {
  readonly #query: ViewQuery;
  readonly #keys = new Map<string, ItemEvent | undefined>();
  #list = true;
  #rest = false;

  /** Notes that a list has to be read first. */
  constructor(query: ViewQuery) {
    this.#query = query;
  }

  /** Whether nothing has to be read. */
  get isEmpty(): boolean {
    return !this.#list && !this.#rest && !this.hasKeys;
  }

  /** Whether so many rows have changed that a view without members is not worth keeping. */
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

  /** Notes that everything has to be read that the view holds. */
  addAll(): void {
    this.#list = true;
    this.#rest = this.#query.isOpen === true;
  }

  /** Notes a change; without one, that everything may have changed. */
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

  /** Takes what the next read covers. */
  take(): DueRead {
    const due = { list: this.#list, rest: this.#rest, keys: new Map(this.#keys) };
    this.#keys.clear();
    this.#list = this.#rest = false;
    return due;
  }

  /** Puts back what was not read, before what was added meanwhile. */
  putBack({ list, rest, keys }: DueRead): void {
    const newer = [...this.#keys];
    this.#keys.clear();
    for (const [key, event] of [...keys, ...newer]) this.#addKey(key, event);
    this.#list ||= list;
    this.#rest ||= rest;
  }

  /** A row that was created and then updated, before it was read, was created. */
  #addKey(key: string, event: ItemEvent | undefined): void {
    const isNew = event === "update" && this.#keys.get(key) === "create";
    this.#keys.set(key, isNew ? "create" : event);
  }
}
