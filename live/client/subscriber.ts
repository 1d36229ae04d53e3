/**
 * One subscription of the program, perhaps one of several to the same topic.
 *
 * @module
 */

import type { LiveError } from "./error.ts";
import { MessageBuffer } from "./message_buffer.ts";
import type { Message, Start, SubscribeOptions, Subscription } from "./types.ts";

/** How many messages wait for a slow iteration by default. */
const MAX_BUFFERED = 1_000;

/** What a subscriber needs. */
export interface SubscriberOptions {
  /** Called once, when the program unsubscribes. */
  readonly leave: () => void;
  /** Called with what handlers throw. */
  readonly report: (error: unknown) => void;
}

/** Hands a topic's messages to the program's handlers and to its iteration. */
export class Subscriber implements Subscription {
  readonly topic: string;
  readonly #options: SubscribeOptions;
  readonly #leave: () => void;
  readonly #report: (error: unknown) => void;
  #buffer: MessageBuffer | undefined;
  #started = false;
  #ended = false;
  #error: LiveError | undefined;
  /** Wakes the iterations that wait for a message. */
  #changed: PromiseWithResolvers<void> | undefined;

  /** Creates a subscription whose topic has not started. */
  constructor(topic: string, options: SubscribeOptions, { leave, report }: SubscriberOptions) {
    this.topic = topic;
    this.#options = options;
    this.#leave = leave;
    this.#report = report;
    if (options.onMessage === undefined) this.#ensureBuffer();
  }

  /** Whether the topic has started for it. */
  get started(): boolean {
    return this.#started;
  }

  /** Starts or resumes. */
  start(start: Start): void {
    if (this.#ended) return;
    this.#started = true;
    if (!start.recovered) this.#buffer?.clear();
    this.#call(() => this.#options.onStart?.(start));
  }

  /** Hands over a message. Does nothing before the start and after the end. */
  deliver(message: Message): void {
    if (!this.#started || this.#ended) return;
    this.#buffer?.push(message);
    this.#wake();
    this.#call(() => this.#options.onMessage?.(message));
  }

  /** Ends the subscription, once; with an error unless the program asked for the end. */
  end(error?: LiveError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake();
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
    const buffer = this.#ensureBuffer();
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

  #ensureBuffer(): MessageBuffer {
    return this.#buffer ??= new MessageBuffer(this.#options.maxBuffered ?? MAX_BUFFERED);
  }

  #wake(): void {
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
