/**
 * One subscription of the program, perhaps one of several to the same topic.
 *
 * @module
 */

import type { LiveError } from "./error.ts";
import { Iteration } from "./iteration.ts";
import { MessageBuffer } from "./message_buffer.ts";
import type { Message, Start, SubscribeOptions, Subscription } from "./types.ts";

/** How many messages wait for a slow iteration by default. */
const MAX_BUFFERED = 1_000;

/** What a subscriber needs. */
export interface SubscriberOptions {
  /** Called once, when the program unsubscribes. */
  readonly leave: () => void;
  /** Called with errors that handlers throw. */
  readonly report: (error: unknown) => void;
}

/** Hands a topic's messages to the program's handlers and to its iteration. */
export class Subscriber implements Subscription {
  readonly topic: string;
  readonly #options: SubscribeOptions;
  readonly #leave: () => void;
  readonly #report: (error: unknown) => void;
  readonly #iteration = new Iteration(() => this.#buffer?.shift());
  #buffer: MessageBuffer | undefined;
  #started = false;

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
    if (this.#iteration.hasEnded) return;
    this.#started = true;
    if (!start.recovered) this.#buffer?.clear();
    this.#call(() => this.#options.onStart?.(start));
  }

  /** Hands over a message. Does nothing before the start and after the end. */
  deliver(message: Message): void {
    if (!this.#started || this.#iteration.hasEnded) return;
    this.#buffer?.push(message);
    this.#iteration.wake();
    this.#call(() => this.#options.onMessage?.(message));
  }

  /**
   * Ends the subscription; with an error unless the program asked for the end. A second call does nothing.
   */
  end(error?: LiveError): void {
    if (this.#iteration.hasEnded) return;
    this.#iteration.end(error);
    if (error !== undefined) this.#call(() => this.#options.onError?.(error));
    this.#call(() => this.#options.onEnd?.());
  }

  unsubscribe(): void {
    if (this.#iteration.hasEnded) return;
    this.#leave();
    this.#buffer?.clear();
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void> {
    this.#ensureBuffer();
    try {
      yield* this.#iteration.items();
    } finally {
      this.unsubscribe();
    }
  }

  #ensureBuffer(): void {
    this.#buffer ??= new MessageBuffer(this.#options.maxBuffered ?? MAX_BUFFERED);
  }

  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#report(error);
    }
  }
}
