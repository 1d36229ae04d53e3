/**
 * A topic that the program subscribes to: one subscription on the wire.
 *
 * @module
 */

import type { LiveError } from "./error.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Message } from "./types.ts";
import type { Cursor, SubscribedMessage } from "./wire.ts";

/**
 * Shares one wire subscription among the topic's subscribers: all of them read at one cursor.
 *
 * The topic keeps the latest message of each key. A subscriber that joins later starts from this
 * state, so it needs no snapshot from the server, which would move the cursor of the others.
 */
export class Topic {
  readonly #name: string;
  readonly #send: (request: object) => string;
  readonly #subscribers = new Set<Subscriber>();
  /** The latest message of each key, in the order of offsets. */
  readonly #state = new Map<string, Message>();
  /** The last message that was received; `undefined` before the first start. */
  #cursor: Cursor | undefined;
  /** Whether everything after the cursor arrives; otherwise a start is due. */
  #isLive = false;
  /** Id of the request that awaits its answer, or its next attempt. */
  #requestId: string | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /**
   * Creates a topic without subscribers.
   *
   * @param send Sends a request on the open connection, with an id that it returns.
   */
  constructor(name: string, send: (request: object) => string) {
    this.#name = name;
    this.#send = send;
  }

  /** Whether it has no subscribers. */
  get isUnused(): boolean {
    return this.#subscribers.size === 0;
  }

  /** Adds a subscriber. If the topic is live it starts later, when `subscribe()` has returned. */
  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    queueMicrotask(() => {
      if (this.#isLive && !subscriber.started) this.#startFromState(subscriber);
    });
  }

  /** Removes a subscriber. */
  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  /** Subscribes on the wire, from the cursor on, unless that is done or under way. */
  request(): void {
    if (this.#isLive || this.#requestId !== undefined) return;
    this.#requestId = this.#send({ type: "subscribe", topic: this.#name, since: this.#cursor });
  }

  /** Returns whether the request with this id awaits its answer. */
  awaits(id: string | undefined): boolean {
    return id !== undefined && id === this.#requestId;
  }

  /** Takes the answer to a request, or the unasked start of a topic that is live. */
  start({ id, epoch, offset, recovered, messages }: SubscribedMessage): void {
    const isExpected = id === undefined ? this.#isLive : this.awaits(id);
    if (!isExpected) return; // it belongs to an earlier subscription
    this.#requestId = undefined;
    this.#isLive = true;
    if (!recovered) this.#state.clear();
    for (const subscriber of [...this.#subscribers]) {
      if (recovered && !subscriber.started) this.#startFromState(subscriber);
      else subscriber.start({ recovered, epoch, offset });
    }
    for (const message of messages) this.#apply(message);
    this.#cursor = { epoch, offset };
  }

  /** Takes a live message. */
  deliver(message: Message): void {
    if (!this.#isLive || this.#cursor === undefined) return;
    if (message.offset <= this.#cursor.offset) return;
    this.#cursor = { epoch: this.#cursor.epoch, offset: message.offset };
    this.#apply(message);
  }

  /** Subscribes on the wire again after a delay, as the server could not answer. */
  retryAfter(delayMs: number): void {
    this.#retry = setTimeout(() => {
      this.#requestId = undefined;
      this.request();
    }, delayMs);
  }

  /** Pauses until the next start, as the connection is gone. */
  pause(): void {
    clearTimeout(this.#retry);
    this.#requestId = undefined;
    this.#isLive = false;
  }

  /** Ends all subscriptions. */
  end(error?: LiveError): void {
    this.pause();
    for (const subscriber of [...this.#subscribers]) subscriber.end(error);
  }

  #apply(message: Message): void {
    if (message.key !== undefined) {
      this.#state.delete(message.key); // so that the map stays in the order of offsets
      if (!message.removed) this.#state.set(message.key, message);
    }
    for (const subscriber of this.#subscribers) subscriber.deliver(message);
  }

  #startFromState(subscriber: Subscriber): void {
    if (this.#cursor === undefined) return;
    subscriber.start({ recovered: false, ...this.#cursor });
    for (const { skipped: _, ...message } of this.#state.values()) subscriber.deliver(message);
  }
}
