/**
 * The rows that a client was sent.
 *
 * @module
 */

import type { ItemEvent, LoggedPublication } from "../domain/broker.ts";

/** Which events are told. */
export interface KnownRowsOptions {
  /** Rows that are remembered; the longest unchanged is forgotten. */
  readonly maxRows: number;
  /** The only kind of event that is told. @default {all} */
  readonly only?: ItemEvent | undefined;
}

/** An event as the client learns of it. */
export interface RowEvent {
  /** What happened. */
  readonly event: ItemEvent;
  /** Primary key, as text. */
  readonly key: string;
  /** The row as JSON text; `undefined` if it is gone. */
  readonly json: string | undefined;
}

/**
 * Turns a view's publications into events for one client, by what that client has:
 *
 * - A row that it does not have was created, unless Directus reported an update.
 * - A row that it has was updated, if anything of it changed that the client sees.
 * - A deletion concerns only a client that has the row, as the others may not have been allowed to.
 *
 * The rows' texts are those of the view's log, so a remembered row costs a few dozen bytes.
 */
export class KnownRows {
  readonly #options: KnownRowsOptions;
  readonly #rows = new Map<string, string>();

  /** Creates an empty set. */
  constructor(options: KnownRowsOptions) {
    this.#options = options;
  }

  /** Keys of all rows. */
  get keys(): string[] {
    return [...this.#rows.keys()];
  }

  /** Replaces all rows: the client gets a list. */
  reset(rows: readonly LoggedPublication[]): void {
    this.#rows.clear();
    for (const { key, json } of rows) this.#set(key ?? "", json ?? "");
  }

  /**
   * Takes a publication; returns the event that the client learns of, if there is one.
   *
   * @param holdsAll Whether every row that is deleted was the client's to see.
   */
  take(
    { key = "", json, event: reported }: LoggedPublication,
    holdsAll: boolean,
  ): RowEvent | undefined {
    const known = this.#rows.get(key);
    if (known !== undefined && known === json) return undefined;
    if (json === undefined) {
      const isTold = this.#rows.delete(key) || (holdsAll && reported === "delete");
      return isTold ? this.#event("delete", key, json) : undefined;
    }
    this.#set(key, json);
    if (known !== undefined) return this.#event("update", key, json);
    return this.#event(reported === "update" ? "update" : "create", key, json);
  }

  #event(event: ItemEvent, key: string, json: string | undefined): RowEvent | undefined {
    const { only = event } = this.#options;
    return only === event ? { event, key, json } : undefined;
  }

  #set(key: string, json: string): void {
    this.#rows.delete(key); // so that the map stays in the order of changes
    this.#rows.set(key, json);
    const [oldest = key] = this.#rows.keys();
    if (this.#rows.size > this.#options.maxRows) this.#rows.delete(oldest);
  }
}
