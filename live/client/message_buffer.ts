/**
 * The queue of messages for an iteration.
 *
 * @module
 */

import type { Message } from "./types.ts";

/**
 * A bounded queue for a reader that may be slower than its topic. When it is full it is conflated, as
 * the server does for a slow consumer: the reader still learns the newest state of every key.
 */
export class MessageBuffer {
  readonly #maxSize: number;
  #messages: Message[] = [];
  /** Above this length the queue is conflated. */
  #limit: number;
  /** Keys that the reader has got, and whose removal it has not got. */
  readonly #held = new Set<string>();

  /**
   * Creates an empty buffer.
   *
   * @param maxSize How many messages it holds beside the newest of each key.
   */
  constructor(maxSize: number) {
    this.#maxSize = this.#limit = maxSize;
  }

  /** Adds a message. */
  push(message: Message): void {
    this.#messages.push(message);
    if (this.#messages.length > this.#limit) this.#conflate();
  }

  /** Takes the oldest message, if there is one. */
  shift(): Message | undefined {
    const message = this.#messages.shift();
    if (message?.removed) this.#held.delete(message.key);
    else if (message?.key !== undefined) this.#held.add(message.key);
    return message;
  }

  /** Drops all messages, for a reader that starts over. */
  clear(): void {
    this.#messages = [];
    this.#limit = this.#maxSize;
    this.#held.clear();
  }

  /** Drops messages that newer ones replace. The message after a gap says how many were `skipped`. */
  #conflate(): void {
    const newest = new Map(this.#messages.map((message) => [message.key, message]));
    const last = this.#messages.at(-1);
    const isNeeded = (message: Message) =>
      newest.get(message.key) === message && (!message.removed || this.#held.has(message.key));
    let surplus = this.#messages.filter(({ key }) => key === undefined).length - this.#maxSize;
    let skipped = 0;
    const kept: Message[] = [];
    for (const message of this.#messages) {
      // Messages without a key are events. No newer message replaces them, so the oldest are dropped.
      const isKept = message.key === undefined ? --surplus < 0 : isNeeded(message);
      if (!isKept && message !== last) {
        skipped += 1 + (message.skipped ?? 0);
        continue;
      }
      kept.push(
        skipped === 0 ? message : { ...message, skipped: skipped + (message.skipped ?? 0) },
      );
      skipped = 0;
    }
    this.#messages = kept;
    this.#limit = this.#maxSize + kept.filter(({ key }) => key !== undefined).length;
  }
}
