/**
 * All topics that the program subscribes to.
 *
 * @module
 */

import { LiveError } from "./error.ts";
import { Subscriber } from "./subscriber.ts";
import { Topic } from "./topic.ts";
import type { SubscribeOptions } from "./types.ts";
import type { TopicMessage } from "./wire.ts";

/** What the topics need. */
export interface TopicsOptions {
  /** Sends a message, if there is an open socket. */
  readonly send: (message: unknown) => void;
  /** Called with what handlers throw. */
  readonly report: (error: unknown) => void;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
}

/** The delay of a retry for which the server names none, in milliseconds. */
const RETRY_MS = 1_000;

/** Routes messages to topics by their names. */
export class Topics {
  readonly #options: TopicsOptions;
  readonly #topics = new Map<string, Topic>();
  #isOpen = false;
  #lastId = 0;

  /** Creates an empty set of topics. */
  constructor(options: TopicsOptions) {
    this.#options = options;
  }

  /** Adds a subscription. It starts once the connection is open. */
  subscribe(name: string, options: SubscribeOptions): Subscriber {
    const topic = this.#topics.get(name) ?? new Topic(name, this.#request);
    const subscriber: Subscriber = new Subscriber(name, options, {
      leave: () => this.#leave(name, topic, subscriber),
      report: this.#options.report,
    });
    this.#topics.set(name, topic);
    topic.add(subscriber);
    if (this.#isOpen) topic.request();
    return subscriber;
  }

  /** Subscribes to all topics on the wire, as the connection is open. */
  open(): void {
    this.#isOpen = true;
    for (const topic of this.#topics.values()) topic.request();
  }

  /** Pauses all topics, as the connection is gone. */
  pause(): void {
    this.#isOpen = false;
    for (const topic of this.#topics.values()) topic.pause();
  }

  /** Ends all subscriptions; with an error unless the program asked for the end. */
  end(error?: LiveError): void {
    for (const topic of [...this.#topics.values()]) topic.end(error);
  }

  /** Takes a message from the server. */
  take(message: TopicMessage): void {
    const { topic: name = "" } = message;
    const topic = this.#topics.get(name);
    if (topic === undefined) return; // the last subscriber has left
    if (message.type === "message") topic.deliver(message);
    else if (message.type === "subscribed") topic.start(message);
    else if (message.type === "unsubscribed") {
      // The answer to a request has no reason.
      if (message.reason !== undefined) {
        this.#end(name, topic, message.reason, "The right to this topic has ended");
      }
    } else if (topic.awaits(message.id)) {
      const { code, retryAfterMs } = message;
      const isTemporary = code === "unavailable" || retryAfterMs !== undefined;
      if (!isTemporary) this.#end(name, topic, code, message.message);
      else topic.retryAfter((retryAfterMs ?? RETRY_MS) * (1 + this.#options.random()));
    }
  }

  #end(name: string, topic: Topic, code: string, text: string): void {
    this.#topics.delete(name);
    topic.end(new LiveError(code, `${text}: ${name}`));
  }

  #leave(name: string, topic: Topic, subscriber: Subscriber): void {
    topic.remove(subscriber);
    if (!topic.isUnused) return;
    this.#topics.delete(name);
    topic.pause();
    if (this.#isOpen) this.#options.send({ type: "unsubscribe", topic: name });
  }

  readonly #request = (request: object): string => {
    const id = String(++this.#lastId);
    this.#options.send({ ...request, id });
    return id;
  };
}
