/**
 * One subscription of the program, of perhaps several to its topic.
 *
 * @module
 */

import type { LiveError } from "./error.ts";
import { MessageBuffer } from "./message_buffer.ts";
import type { Message, SubscribeOptions, Subscription } from "./types.ts";
import type { Cursor, SubscribedMessage } from "./wire.ts";

/** How many messages wait for a slow iteration, unless the program says otherwise. */
const MAX_BUFFERED = 1_000;

/** What a subscriber needs. */
export interface SubscriberOptions {
  /** Called once, when the program unsubscribes. */
  readonly leave: () => void;
  /** Takes what handlers throw. */
  readonly report: (error: unknown) => void;
}

/** Hands a topic's messages to its handlers and to its iteration, each once and in order. */
export class Subscriber implements Subscription {
  readonly topic: string;
  /** Up to where it has been handed messages. */
  cursor: Cursor | undefined;
  /** Whether messages follow the cursor without a gap; if not, it waits for an answer. */
  live = false;

  readonly #options: SubscribeOptions;
  readonly #leave: () => void;
  readonly #report: (error: unknown) => void;
  #buffer: MessageBuffer | undefined;
  #ended = false;
  #error: LiveError | undefined;
  /** Resolves when iterations that wait have to look again. */
  #changed: PromiseWithResolvers<void> | undefined;

  /** Creates a subscription that has not begun. */
  constructor(topic: string, options: SubscribeOptions, { leave, report }: SubscriberOptions) {
    this.topic = topic;
    this.#options = options;
    this.#leave = leave;
    this.#report = report;
    if (options.onMessage === undefined) this.#keep();
  }

  /**
   * Begins, anew or where it stood; or is not live until another answer, if this one leaves a gap.
   *
   * @param forNewcomers Whether it is a snapshot that a newcomer needed, which says nothing about
   * what the log still holds for others.
   */
  begin({ epoch, offset, recovered, messages }: SubscribedMessage, forNewcomers: boolean): void {
    if (this.#ended) return; // by a handler of another subscriber, a moment ago
    const at = this.cursor?.epoch === epoch ? this.cursor.offset : undefined;
    const lacks = recovered ? at === undefined : forNewcomers && at !== undefined && at < offset;
    const wasLive = this.live;
    this.live = !lacks;
    if (lacks) return;
    const goesOn = at !== undefined && (recovered || forNewcomers);
    this.cursor = { epoch, offset: goesOn ? Math.max(at, offset) : offset };
    if (!goesOn) this.#buffer?.clear();
    if (!goesOn || !wasLive) {
      this.#call(() => this.#options.onStart?.({ recovered: goesOn, epoch, offset }));
    }
    for (const message of messages) {
      if (!goesOn || message.offset > at) this.#hand(message);
    }
  }

  /** Takes a live message, unless it was handed over before. */
  deliver(message: Message): void {
    if (!this.live || this.cursor === undefined || message.offset <= this.cursor.offset) return;
    this.cursor = { epoch: this.cursor.epoch, offset: message.offset };
    this.#hand(message);
  }

  /** Ends it, once; with an error unless the program wanted the end. */
  end(error?: LiveError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.live = false;
    this.#error = error;
    this.#notify();
    if (error !== undefined) this.#call(() => this.#options.onError?.(error));
    this.#call(() => this.#options.onEnd?.());
  }

  unsubscribe(): void {
    if (this.#ended) return;
    this.#leave();
    this.#buffer?.clear();
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void> {
    const buffer = this.#keep();
    try {
      while (true) {
        const message = buffer.shift();
        if (message !== undefined) yield message;
        else if (this.#error !== undefined) throw this.#error;
        else if (this.#ended) return;
        else await (this.#changed ??= Promise.withResolvers()).promise;
      }
    } finally {
      this.unsubscribe();
    }
  }

  #keep(): MessageBuffer {
    return this.#buffer ??= new MessageBuffer(this.#options.maxBuffered ?? MAX_BUFFERED);
  }

  #hand(message: Message): void {
    if (this.#ended) return; // by a handler, a moment ago
    this.#buffer?.push(message);
    this.#notify();
    this.#call(() => this.#options.onMessage?.(message));
  }

  #notify(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }

  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#report(error);
    }
  }
}
