/**
 * All topics and views that the program subscribes to.
 *
 * @module
 */

import type { LiveError } from "./error.ts";
import { Subscriber } from "./subscriber.ts";
import { Topic } from "./topic.ts";
import type { SubscribeOptions } from "./types.ts";
import type { Target, TopicMessage } from "./wire.ts";

/** What the topics need. */
export interface TopicsOptions {
  /** Sends a message, if there is an open socket. */
  readonly send: (message: unknown) => void;
  /** Called with errors that handlers throw. */
  readonly report: (error: unknown) => void;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
}

/** Shares topics among subscribers, and passes the server's messages to them. */
export class Topics {
  readonly #options: TopicsOptions;
  /** All topics, by the target of their requests as JSON. */
  readonly #topics = new Map<string, Topic>();
  #isOpen = false;
  #lastId = 0;

  /** Creates an empty set of topics. */
  constructor(options: TopicsOptions) {
    this.#options = options;
  }

  /**
   * Adds a subscription. It starts once the connection is open.
   *
   * @param target What to subscribe to. Subscriptions to equal targets share a topic.
   * @param label Its name in errors.
   */
  subscribe(target: Target, label: string, options: SubscribeOptions): Subscriber {
    const key = JSON.stringify(target);
    const topic = this.#topics.get(key) ?? this.#create(key, label);
    const subscriber: Subscriber = new Subscriber(label, options, {
      leave: () => {
        topic.remove(subscriber);
        this.#dropUnused(key, topic);
      },
      report: this.#options.report,
    });
    topic.add(subscriber);
    if (this.#isOpen) topic.request();
    return subscriber;
  }

  /** Subscribes to all topics on the wire, because the connection is open. */
  open(): void {
    this.#isOpen = true;
    for (const topic of this.#topics.values()) topic.request();
  }

  /** Pauses all topics, because the connection is gone. */
  pause(): void {
    this.#isOpen = false;
    for (const [key, topic] of this.#topics) {
      topic.pause();
      this.#dropUnused(key, topic);
    }
  }

  /** Ends all subscriptions; with an error unless the program asked for the end. */
  end(error?: LiveError): void {
    for (const topic of [...this.#topics.values()]) topic.end(error);
  }

  /** Takes a message from the server. */
  take(message: TopicMessage): void {
    for (const [key, topic] of this.#topics) {
      topic.take(message);
      this.#dropUnused(key, topic);
    }
  }

  #create(key: string, label: string): Topic {
    const topic = new Topic({
      target: JSON.parse(key), // a copy, as the program may change its query
      label,
      send: this.#request,
      onEnd: () => this.#topics.delete(key),
      random: this.#options.random,
    });
    this.#topics.set(key, topic);
    return topic;
  }

  #dropUnused(key: string, topic: Topic): void {
    if (!topic.isUnused) return;
    this.#topics.delete(key);
    const { name } = topic;
    topic.pause();
    const isShared = [...this.#topics.values()].some((other) => other.name === name);
    if (name !== undefined && !isShared) this.#options.send({ type: "unsubscribe", topic: name });
  }

  readonly #request = (request: object): string => {
    const id = String(++this.#lastId);
    this.#options.send({ ...request, id });
    return id;
  };
}
