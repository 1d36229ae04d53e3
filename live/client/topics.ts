/**
 * All topics that the program listens to.
 *
 * @module
 */

import { LiveError } from "./error.ts";
import { Subscriber } from "./subscriber.ts";
import { Topic } from "./topic.ts";
import type { SubscribeOptions } from "./types.ts";
import type { TopicMessage } from "./wire.ts";

/** What topics need. */
export interface TopicsOptions {
  /** Sends a message, if there is an open socket. */
  readonly send: (message: unknown) => void;
  /** Takes what handlers throw. */
  readonly report: (error: unknown) => void;
  /** Source of chance, from 0 to 1. */
  readonly random: () => number;
}

/** When to ask again what the server could not answer, if it does not say, in milliseconds. */
const ASK_AGAIN_MS = 1_000;

/** Knows the topics by name, and hands each what is meant for it. */
export class Topics {
  readonly #options: TopicsOptions;
  readonly #topics = new Map<string, Topic>();
  #isOpen = false;
  #lastId = 0;

  /** Creates an empty set of topics. */
  constructor(options: TopicsOptions) {
    this.#options = options;
  }

  /** Adds a subscription; it begins once the connection is open. */
  subscribe(name: string, options: SubscribeOptions): Subscriber {
    const topic = this.#topics.get(name) ?? new Topic(name, this.#ask);
    const subscriber: Subscriber = new Subscriber(name, options, {
      leave: () => this.#leave(name, topic, subscriber),
      report: this.#options.report,
    });
    this.#topics.set(name, topic);
    topic.subscribers.add(subscriber);
    if (this.#isOpen) topic.ask();
    return subscriber;
  }

  /** Asks for all topics, as the connection is open. */
  open(): void {
    this.#isOpen = true;
    for (const topic of [...this.#topics.values()]) topic.ask();
  }

  /** Stops, as the connection is gone. */
  pause(): void {
    this.#isOpen = false;
    for (const topic of this.#topics.values()) topic.pause();
  }

  /** Ends all subscriptions; with an error unless the program wanted the end. */
  end(error?: LiveError): void {
    for (const topic of [...this.#topics.values()]) topic.end(error);
  }

  /** Takes a message from the server. */
  take(message: TopicMessage): void {
    const { topic: name = "" } = message;
    const topic = this.#topics.get(name);
    if (topic === undefined) return; // nobody listens any more
    if (message.type === "message") topic.deliver(message);
    else if (message.type === "subscribed") topic.begin(message);
    else if (message.type === "unsubscribed") {
      // The answer to a request has no reason.
      if (message.reason !== undefined) {
        this.#end(name, topic, message.reason, "The right to this topic has ended");
      }
    } else if (topic.awaits(message.id)) {
      const { code, retryAfterMs } = message;
      const isTemporary = code === "unavailable" || retryAfterMs !== undefined;
      if (!isTemporary) this.#end(name, topic, code, message.message);
      else topic.askLater((retryAfterMs ?? ASK_AGAIN_MS) * (1 + this.#options.random()));
    }
  }

  #end(name: string, topic: Topic, code: string, text: string): void {
    this.#topics.delete(name);
    topic.end(new LiveError(code, `${text}: ${name}`));
  }

  #leave(name: string, topic: Topic, subscriber: Subscriber): void {
    topic.subscribers.delete(subscriber);
    if (topic.subscribers.size > 0) return;
    this.#topics.delete(name);
    topic.pause();
    if (this.#isOpen) this.#options.send({ type: "unsubscribe", topic: name });
  }

  readonly #ask = (question: object): string => {
    const id = String(++this.#lastId);
    this.#options.send({ ...question, id });
    return id;
  };
}
