/**
 * The messages of a subscription.
 *
 * @module
 */

import type { ItemEvent, LoggedPublication } from "../domain/broker.ts";
import { eventFrame, unsubscribedFrame } from "./answers.ts";
import { KnownRows } from "./known_rows.ts";
import type { SubscribeMessage } from "./messages.ts";

/**
 * Writes the messages of one subscription. They depend on what was sent before. Consecutive publications
 * about the same event become one message, with each row once and in its newest state.
 */
export class SubscriptionFrames {
  readonly #message: SubscribeMessage;
  readonly #uid: string | undefined;
  readonly #known: KnownRows;
  /** The event of the message that is being written; `undefined` if there is none. */
  #event: ItemEvent | undefined;
  /** The rows of that message by key, as JSON text. */
  readonly #rows = new Map<string, string>();

  /** Creates the frames of a subscription that has sent nothing yet. */
  constructor(message: SubscribeMessage, maxRows: number) {
    const { uid, event } = message;
    this.#message = message;
    this.#uid = uid === undefined ? undefined : String(uid);
    this.#known = new KnownRows({ maxRows, only: event });
  }

  /**
   * Returns the start, which has the whole list of a view; `undefined` if the subscription is to one item
   * that the client cannot see.
   *
   * @param state The state of the view's log.
   */
  start(state: Iterable<LoggedPublication>): string | undefined {
    const { item, event } = this.#message;
    const rows = [...state].filter(({ rank }) => rank !== undefined)
      .sort((a, b) => (a.rank ?? "") < (b.rank ?? "") ? -1 : 1);
    if (item !== undefined && event === undefined && rows.length === 0) return undefined;
    this.#known.reset(rows);
    const texts = rows.map(({ json }) => json).join();
    const data = item === undefined ? `[${texts}]` : texts;
    return eventFrame("init", event === undefined ? data : undefined, this.#uid);
  }

  /** Returns whether a publication can be added to the message that is being written. */
  joins(publication: LoggedPublication, holdsAll: boolean): boolean {
    const event = this.#known.eventOf(publication, holdsAll);
    if (event === undefined || this.#event === undefined) return true;
    return event === this.#event && this.#message.item === undefined;
  }

  /** Adds a publication to the message that is being written. */
  add(publication: LoggedPublication, holdsAll: boolean): void {
    const event = this.#known.eventOf(publication, holdsAll);
    this.#known.take(publication);
    if (event === undefined) return;
    const { key = "", json = JSON.stringify(key) } = publication;
    this.#event = event;
    this.#rows.set(key, json);
  }

  /** Returns the message about the added publications; an empty text if there is nothing to report. */
  finish(): string {
    if (this.#event === undefined) return "";
    const text = this.#tell(this.#event, [...this.#rows.values()]);
    this.#event = undefined;
    this.#rows.clear();
    return text;
  }

  /** Returns the messages which say that the client may not see any of the rows any more. */
  gone(): string[] {
    const { event = "delete" } = this.#message;
    const keys = event === "delete" ? this.#known.keys : [];
    this.#known.reset([]);
    const ended = unsubscribedFrame(this.#uid);
    if (keys.length === 0) return [ended];
    return [this.#tell("delete", keys.map((key) => JSON.stringify(key))), ended];
  }

  /** Returns a message about rows; a subscription to an item has only one row. */
  #tell(event: ItemEvent, rows: readonly string[]): string {
    const data = rows.join();
    return eventFrame(event, this.#message.item === undefined ? `[${data}]` : data, this.#uid);
  }
}
