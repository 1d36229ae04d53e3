/**
 * The hub: topics and their subscribers.
 *
 * @module
 */

import type {
  Broker,
  BrokerEvents,
  Cursor,
  LoggedPublication,
  Position,
  TopicLog,
} from "../domain/broker.ts";
import type { Metrics } from "../domain/metrics.ts";
import { Publication } from "../domain/publication.ts";
import { FanOut, type FanOutOptions, RETRY_MS } from "./fan_out.ts";
import { type Start, startOf } from "./start.ts";
import type { Subscriber } from "./subscriber.ts";
import { backlogOf, type OpenTopic, type Subscription } from "./subscription.ts";

/** What the hub needs. */
export interface HubOptions extends FanOutOptions {
  /** Holds topics' logs. The hub listens to it and stops it. */
  readonly broker: Broker;
}

/** The start of a subscription, which is reported to the client. */
export interface SubscriptionStart extends Cursor {
  /** Whether everything that followed the client's position is sent; otherwise it starts over. */
  readonly recovered: boolean;
  /** The first of what followed the client's position, or the first of the snapshot. */
  readonly messages: readonly LoggedPublication[];
}

/** How to begin a subscription. */
export interface SubscribeOptions {
  /** The client's position, if it has read some of the log already. */
  readonly since?: Cursor | undefined;
  /**
   * Called in the turn in which the subscription begins, so that what it sends precedes the first live
   * message. It is not called if the subscriber has ended meanwhile.
   */
  readonly onStart: (start: SubscriptionStart) => void;
}

/** A topic that is open, or being opened. */
interface TopicEntry {
  /** Whether its subscribers belong to the server itself. */
  readonly isInternal: boolean;
  readonly opening: Promise<OpenTopic>;
  /** How many subscriptions have not begun yet. */
  waiting: number;
  /** Set once it is open. */
  open?: OpenTopic;
}

/** Appends publications to topics' logs and sends them to the topics' subscribers. */
export class Hub implements BrokerEvents {
  readonly #broker: Broker;
  readonly #metrics: Metrics;
  readonly #fanOut: FanOut;
  readonly #topics = new Map<string, TopicEntry>();
  /** The subscriptions of each subscriber. */
  readonly #subscriptions = new Map<Subscriber, Subscription[]>();
  /** Topics and subscriptions of clients. */
  #topicCount = 0;
  #subscriptionCount = 0;

  /** Creates a hub on a broker, from which it opens the logs that have subscribers. */
  constructor(options: HubOptions) {
    this.#broker = options.broker;
    this.#metrics = options.metrics;
    this.#fanOut = new FanOut(options);
    this.#broker.listen(this);
  }

  /**
   * Appends publications in their order, all or none, and marks their topics for the fan-out.
   *
   * @returns Their positions, once they are in the logs, whether or not a subscriber got them.
   * @throws {TypeError} If any of them was not built by {@linkcode Publication.from}.
   * @throws {BrokerUnavailable} If they are not in the logs, or if that is not known.
   */
  async publish(publications: readonly Publication[]): Promise<Position[]> {
    if (!publications.every(Publication.isPublication)) {
      throw new TypeError("Cannot publish: build each publication with Publication.from()");
    }
    return await this.#broker.publish(publications);
  }

  changed(name: string): void {
    const topic = this.#topics.get(name)?.open;
    if (topic === undefined) return;
    if (topic.subscriptions.size > 0) this.#fanOut.mark(topic);
    else topic.log.release(topic.log.head); // subscriptions that have not begun do not need it
  }

  /**
   * Subscribes a client to a topic. History and live messages join without a gap or a duplicate, because
   * both are one log, and the cursor is set in the turn in which the start is reported. A client that is
   * already subscribed continues from the new start.
   *
   * A client that reconnects subscribes to all its topics at once. Each start waits until the socket
   * has room, so that the starts together buffer no more than one of them.
   *
   * @throws {BrokerUnavailable} If the topic's log cannot be read now.
   */
  async subscribe(subscriber: Subscriber, name: string, options: SubscribeOptions): Promise<void> {
    const entry = this.#entryOf(name, subscriber);
    entry.waiting++;
    try {
      const topic = await entry.opening;
      if (isAhead(options.since, topic.log)) await this.#broker.refresh(name);
      // After each wait, another start may have taken the room.
      while (!subscriber.ended && !subscriber.hasRoom) await later(RETRY_MS);
      if (subscriber.ended) return;
      const start = startOf(topic.log, options.since, subscriber);
      if (options.since !== undefined) this.#metrics.recovery(start.recovered ? "hit" : "miss");
      this.#begin(subscriber, topic, start);
      const { epoch, offset, recovered, messages } = start;
      options.onStart({ epoch, offset, recovered, messages });
    } finally {
      entry.waiting--;
      this.#closeIfUnused(name, entry);
    }
  }

  /** Ends a client's subscription to a topic; returns whether there was one. */
  unsubscribe(subscriber: Subscriber, name: string): boolean {
    const entry = this.#topics.get(name);
    const subscription = entry?.open?.subscriptions.get(subscriber);
    if (entry === undefined || subscription === undefined) return false;
    this.#end(subscription);
    this.#closeIfUnused(name, entry);
    return true;
  }

  /** Returns the length of what a client still has to be sent, in UTF-16 code units. */
  backlogOf(subscriber: Subscriber): number {
    const subscriptions = this.#subscriptions.get(subscriber) ?? [];
    return subscriptions.reduce((sum, subscription) => sum + backlogOf(subscription), 0);
  }

  /** The topics that have subscribers, for an operator. */
  *topics(): Iterable<OpenTopic> {
    for (const { isInternal, open } of this.#topics.values()) {
      if (!isInternal && open !== undefined) yield open;
    }
  }

  /** Returns the subscriptions of a client. */
  subscriptionsOf(subscriber: Subscriber): readonly Subscription[] {
    return this.#subscriptions.get(subscriber) ?? [];
  }

  /**
   * Reads a topic, whether it has subscribers or not.
   *
   * @throws {BrokerUnavailable} If the topic's log cannot be read now.
   */
  async look<T>(name: string, read: (topic: OpenTopic) => T): Promise<T> {
    const entry = this.#entryOf(name, {});
    entry.waiting++;
    try {
      return read(await entry.opening);
    } finally {
      entry.waiting--;
      this.#closeIfUnused(name, entry);
    }
  }

  /** Stops the fan-out and the broker. */
  async stop(): Promise<void> {
    this.#fanOut.stop();
    await this.#broker.stop();
  }

  #entryOf(name: string, { isInternal = false }: Pick<Subscriber, "isInternal">): TopicEntry {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const entry: TopicEntry = {
      isInternal,
      waiting: 0,
      opening: this.#broker.open(name).then((log) =>
        entry.open = { name, log, subscriptions: new Map(), lagging: new Set() }
      ),
    };
    this.#topics.set(name, entry);
    if (!isInternal) this.#metrics.topics(++this.#topicCount);
    return entry;
  }

  #closeIfUnused(name: string, { isInternal, waiting, open }: TopicEntry): void {
    if (waiting > 0 || (open !== undefined && open.subscriptions.size > 0)) return;
    this.#topics.delete(name);
    if (!isInternal) this.#metrics.topics(--this.#topicCount);
    if (open === undefined) return;
    this.#fanOut.drop(open);
    this.#broker.close(name);
  }

  /** Sets the subscriber's cursor, and replaces its former subscription if there is one. */
  #begin(subscriber: Subscriber, topic: OpenTopic, start: Start): void {
    const former = topic.subscriptions.get(subscriber);
    if (former !== undefined) this.#end(former);
    const siblings = this.#subscriptions.get(subscriber) ?? [];
    const { epoch, offset, snapshotUpTo } = start;
    const subscription: Subscription = {
      subscriber,
      topic,
      siblings,
      epoch,
      offset,
      snapshotUpTo,
      laggingSince: undefined,
    };
    siblings.push(subscription);
    this.#subscriptions.set(subscriber, siblings);
    topic.subscriptions.set(subscriber, subscription);
    this.#changeCount(subscriber, 1);
    if (offset < topic.log.head) this.#fanOut.resume(subscription);
  }

  #end(subscription: Subscription): void {
    const { subscriber, topic } = subscription;
    topic.subscriptions.delete(subscriber);
    topic.lagging.delete(subscription);
    const siblings = this.#subscriptions.get(subscriber) ?? [];
    siblings.splice(siblings.indexOf(subscription), 1);
    if (siblings.length === 0) this.#subscriptions.delete(subscriber);
    this.#changeCount(subscriber, -1);
  }

  #changeCount({ isInternal = false }: Subscriber, change: number): void {
    if (isInternal) return;
    this.#subscriptionCount += change;
    this.#metrics.subscriptions(this.#subscriptionCount);
  }
}

/** Returns whether a client has read more than this log holds, or has read another life of it. */
function isAhead(since: Cursor | undefined, { epoch, head }: TopicLog): boolean {
  return since !== undefined && (since.epoch !== epoch || since.offset > head);
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
