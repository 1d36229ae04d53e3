/**
 * A topic or a view that the program subscribes to: one subscription on the wire.
 *
 * @module
 */

import { LiveError } from "./error.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Message } from "./types.ts";
import type { Cursor, ErrorMessage, SubscribedMessage, Target, TopicMessage } from "./wire.ts";

/** What a topic needs. */
export interface TopicOptions {
  /** Its name in errors. */
  readonly label: string;
  /** What its requests name. */
  readonly target: Target;
  /** Sends a request on the open connection, with an id that it returns. */
  readonly send: (request: object) => string;
  /** Called when an error ends the topic, before its subscribers learn of it. */
  readonly onEnd: () => void;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
}

/** The delay of a retry for which the server names none, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Shares one wire subscription among the topic's subscribers: all of them read at one cursor.
 *
 * The topic keeps the latest message of each key. A subscriber that joins later starts from this
 * state, so it needs no snapshot from the server, which would move the cursor of the others.
 */
export class Topic {
  readonly #options: TopicOptions;
  readonly #subscribers = new Set<Subscriber>();
  /** The latest message of each key, in the order of offsets. */
  readonly #state = new Map<string, Message>();
  /** Its name on the wire while it is live: everything after the cursor arrives under this name. */
  #name: string | undefined;
  /** The last message that was received; `undefined` before the first start. */
  #cursor: Cursor | undefined;
  /** Id of the request that awaits its answer. */
  #requestId: string | undefined;
  /** The delay before the next request. */
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Creates a topic without subscribers. */
  constructor(options: TopicOptions) {
    this.#options = options;
  }

  /** Its name on the wire, from the server's answer; `undefined` while it is not live. */
  get name(): string | undefined {
    return this.#name;
  }

  /**
   * Whether it has no subscribers and waits for no answer. An answer would contain the name that is needed
   * to unsubscribe.
   */
  get isUnused(): boolean {
    return this.#subscribers.size === 0 && this.#requestId === undefined;
  }

  /** Adds a subscriber. If the topic is live it starts later, when `subscribe()` has returned. */
  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    queueMicrotask(() => {
      if (this.#name !== undefined && !subscriber.started) this.#startFromState(subscriber);
    });
  }

  /** Removes a subscriber. */
  remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  /** Subscribes on the wire, from the cursor on, unless that is done or under way. */
  request(): void {
    if ((this.#name ?? this.#requestId ?? this.#retry) !== undefined) return;
    const { send, target } = this.#options;
    this.#requestId = send({ type: "subscribe", ...target, since: this.#cursor });
  }

  /** Takes a message from the server, if it is about this topic: by its request's id, or its name. */
  take(message: TopicMessage): void {
    const isAnswer = message.id !== undefined && message.id === this.#requestId;
    const isNamed = this.#name !== undefined && this.#name === message.topic;
    if (message.type === "message") {
      if (isNamed) this.#deliver(message);
    } else if (message.type === "subscribed") {
      // The server may restart a live topic without a request. The message may also be about another view
      // of this page that has the same name, because the server treats the two queries as equal.
      if (isAnswer || isNamed) this.#start(message);
    } else if (message.type === "unsubscribed") {
      if (isNamed) this.#lose(message.reason);
    } else if (message.type === "error" && isAnswer) this.#refuse(message);
  }

  /** Pauses until the next start, because the connection is gone. */
  pause(): void {
    clearTimeout(this.#retry);
    this.#name = this.#requestId = this.#retry = undefined;
  }

  /** Ends all subscriptions. */
  end(error?: LiveError): void {
    this.pause();
    for (const subscriber of [...this.#subscribers]) subscriber.end(error);
  }

  #start({ topic, epoch, offset, recovered, messages }: SubscribedMessage): void {
    this.#requestId = undefined;
    this.#name = topic;
    if (!recovered) this.#state.clear();
    for (const subscriber of [...this.#subscribers]) {
      if (recovered && !subscriber.started) this.#startFromState(subscriber);
      else subscriber.start({ recovered, epoch, offset });
    }
    for (const message of messages) this.#apply(message);
    this.#cursor = { epoch, offset };
  }

  #deliver(message: Message): void {
    if (this.#cursor === undefined || message.offset <= this.#cursor.offset) return;
    this.#cursor = { epoch: this.#cursor.epoch, offset: message.offset };
    this.#apply(message);
  }

  /**
   * Handles the end of the subscription by the server. It is final if the user has lost the right to the
   * topic.
   */
  #lose(reason = "changed"): void {
    if (reason !== "changed") return this.#fail(reason, "The right to this topic has ended");
    this.#name = this.#cursor = undefined; // with other rights, the user gets another log
    this.request();
  }

  #refuse({ code, message, retryAfterMs }: ErrorMessage): void {
    this.#requestId = undefined;
    const isTemporary = code === "unavailable" || retryAfterMs !== undefined;
    if (!isTemporary) return this.#fail(code, message);
    if (this.isUnused) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.request();
    }, (retryAfterMs ?? RETRY_MS) * (1 + this.#options.random()));
  }

  #fail(code: string, text: string): void {
    this.#options.onEnd();
    this.end(new LiveError(code, `${text}: ${this.#options.label}`));
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
