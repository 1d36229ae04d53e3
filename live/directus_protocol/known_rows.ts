/**
 * The rows that were sent to a client.
 *
 * @module
 */

import type { ItemEvent, LoggedPublication } from "../domain/broker.ts";

/** Options of {@linkcode KnownRows}. */
export interface KnownRowsOptions {
  /** How many rows are remembered; the longest unchanged row is forgotten. */
  readonly maxRows: number;
  /** The only kind of event that is reported. @default {all} */
  readonly only?: ItemEvent | undefined;
}

/**
 * Turns a view's publications into events for one client, depending on the rows that it has:
 *
 * - A row that it does not have was created, unless Directus reported an update.
 * - A row that it has was updated, if a part that the client sees has changed.
 * - A deletion is reported only to clients that have the row, because others may not have been allowed to
 *   see it.
 *
 * Rows share their texts with the view's log, so a remembered row costs a few dozen bytes.
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

  /** Replaces all rows, because the client gets a list. */
  reset(rows: readonly LoggedPublication[]): void {
    this.#rows.clear();
    for (const { key, json } of rows) this.#set(key ?? "", json ?? "");
  }

  /**
   * Returns the event that a publication means for the client, if there is one. The publication must not
   * have been taken yet.
   *
   * @param holdsAll Whether the client was allowed to see every deleted row.
   */
  eventOf(publication: LoggedPublication, holdsAll: boolean): ItemEvent | undefined {
    const event = this.#changeBy(publication, holdsAll);
    const { only = event } = this.#options;
    return only === event ? event : undefined;
  }

  /** Takes a publication. */
  take({ key = "", json }: LoggedPublication): void {
    if (json === undefined) this.#rows.delete(key);
    else if (json !== this.#rows.get(key)) this.#set(key, json);
  }

  #changeBy(
    { key = "", json, event: reported }: LoggedPublication,
    holdsAll: boolean,
  ): ItemEvent | undefined {
    const known = this.#rows.get(key);
    if (json === undefined) {
      return known !== undefined || (holdsAll && reported === "delete") ? "delete" : undefined;
    }
    if (known === json) return undefined;
    return known !== undefined || reported === "update" ? "update" : "create";
  }

  #set(key: string, json: string): void {
    this.#rows.delete(key); // so that the map stays in the order of changes
    this.#rows.set(key, json);
    if (this.#rows.size <= this.#options.maxRows) return;
    const [oldest = key] = this.#rows.keys();
    this.#rows.delete(oldest);
  }
}
