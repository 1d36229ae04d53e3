/**
 * A subscription's messages.
 *
 * @module
 */

import type { LoggedPublication } from "../domain/broker.ts";
import { eventFrame, unsubscribedFrame } from "./answers.ts";
import { KnownRows } from "./known_rows.ts";
import type { SubscribeMessage } from "./messages.ts";

/** Writes what one subscription says, by what it has said before. */
export class SubscriptionFrames {
  readonly #message: SubscribeMessage;
  readonly #uid: string | undefined;
  readonly #known: KnownRows;

  /** Creates the frames of a subscription that has said nothing yet. */
  constructor(message: SubscribeMessage, maxRows: number) {
    const { uid, event } = message;
    this.#message = message;
    this.#uid = uid === undefined ? undefined : String(uid);
    this.#known = new KnownRows({ maxRows, only: event });
  }

  /**
   * Returns the start, which has the whole list of a view; `undefined` if the subscription is to one item
   * that cannot be seen.
   *
   * @param state What the view's log holds.
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

  /** Returns the message about a publication; an empty text if there is none. */
  publication(publication: LoggedPublication, holdsAll: boolean): string {
    const told = this.#known.take(publication, holdsAll);
    if (told === undefined) return "";
    return this.#event(told.event, told.key, told.json);
  }

  /** Returns what tells the client that it may not see any of the rows any more. */
  gone(): string[] {
    const { event = "delete" } = this.#message;
    const keys = event === "delete" ? this.#known.keys : [];
    this.#known.reset([]);
    return [
      ...keys.map((key) => this.#event("delete", key, undefined)),
      unsubscribedFrame(this.#uid),
    ];
  }

  #event(event: "create" | "update" | "delete", key: string, json: string | undefined): string {
    const data = json ?? JSON.stringify(key);
    return eventFrame(event, this.#message.item === undefined ? `[${data}]` : data, this.#uid);
  }
}
