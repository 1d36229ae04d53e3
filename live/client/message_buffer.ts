/**
 * What waits for an iteration.
 *
 * @module
 */

import type { Message } from "./types.ts";

/** A bounded queue of messages: the newest of each key stay longest. */
export class MessageBuffer {
  readonly #maxSize: number;
  #messages: Message[] = [];

  /** Creates an empty buffer for so many messages. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Adds a message; if there are too many, one goes, and the next says that it was skipped. */
  push(message: Message): void {
    const messages = this.#messages;
    messages.push(message);
    if (messages.length <= this.#maxSize) return;
    const { key } = message;
    // A message without a key is an event, and no newer one replaces it.
    const index = key === undefined ? 0 : messages.findIndex((older) => older.key === key);
    const at = index === messages.length - 1 ? 0 : index;
    const [dropped] = messages.splice(at, 1);
    const next = messages[at];
    if (dropped === undefined || next === undefined) return; // a buffer of none
    messages[at] = { ...next, skipped: (next.skipped ?? 0) + (dropped.skipped ?? 0) + 1 };
  }

  /** Takes the oldest message, if there is one. */
  shift(): Message | undefined {
    return this.#messages.shift();
  }

  /** Drops all messages. */
  clear(): void {
    this.#messages = [];
  }
}
