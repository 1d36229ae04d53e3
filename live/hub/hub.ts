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
import type { Publication } from "../domain/publication.ts";
import { FanOut, type FanOutOptions, RETRY_MS } from "./fan_out.ts";
import { type Start, startOf } from "./start.ts";
import type { Subscriber } from "./subscriber.ts";
import { backlogOf, type OpenTopic, type Subscription } from "./subscription.ts";

/** What the hub needs. */
export interface HubOptions extends FanOutOptions {
  /** Where topics' logs are written. The hub listens to it and stops it. */
  readonly broker: Broker;
}

/** What a client is told of the start of its subscription. */
export interface SubscriptionStart extends Cursor {
  /** Whether everything that followed the client's position is sent. */
  readonly recovered: boolean;
  /** The first of what followed the client's position, or else of the latest of each key. */
  readonly messages: readonly LoggedPublication[];
}

/** How to begin a subscription. */
export interface SubscribeOptions {
  /** Up to where the client has read already, if it was here before. */
  readonly since?: Cursor | undefined;
  /**
   * Called in the very turn in which the subscription begins, so that what it sends precedes the
   * first live message. Not called if the subscriber ended meanwhile.
   */
  readonly onStart: (start: SubscriptionStart) => void;
}

/** A topic that is open, or being opened. */
interface WantedTopic {
  readonly opening: Promise<OpenTopic>;
  /** Subscribers that wait for it to open. */
  waiting: number;
  /** Set once it is open. */
  open?: OpenTopic;
}

/** Appends publications to topics' logs and hands them to the topics' subscribers. */
export class Hub implements BrokerEvents {
  readonly #broker: Broker;
  readonly #metrics: Metrics;
  readonly #fanOut: FanOut;
  readonly #topics = new Map<string, WantedTopic>();
  /** The subscriptions of each subscriber. */
  readonly #subscriptions = new Map<Subscriber, Subscription[]>();
  #count = 0;

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
   * @returns Their positions, once they are in the logs; not whether any subscriber has got them.
   * @throws {BrokerUnavailable} If they are not in the logs, or if that is not known.
   */
  publish(publications: readonly Publication[]): Promise<Position[]> {
    return this.#broker.publish(publications);
  }

  changed(name: string): void {
    const topic = this.#topics.get(name)?.open;
    if (topic === undefined) return;
    if (topic.subscriptions.size > 0) this.#fanOut.mark(topic);
    else topic.log.release(topic.log.head); // subscribers that still wait begin at the head
  }

  /**
   * Subscribes a client to a topic. History and live join without a gap or a duplicate: it is one
   * log, and the cursor is set in the turn in which the start is reported. A client that is
   * subscribed already begins again at the new start.
   *
   * A client that comes back subscribes to all its topics at once. Each start waits until the socket
   * has room, so that together they hold no more than one of them.
   *
   * @throws {BrokerUnavailable} If the topic's log cannot be read now.
   */
  async subscribe(subscriber: Subscriber, name: string, options: SubscribeOptions): Promise<void> {
    const wanted = this.#want(name);
    wanted.waiting++;
    try {
      const topic = await wanted.opening;
      if (isAhead(options.since, topic.log)) await this.#broker.refresh(name);
      // Checked again after each wait, as another start may have taken the room meanwhile.
      while (!subscriber.ended && !subscriber.hasRoom) await later(RETRY_MS);
      if (subscriber.ended) return;
      const start = startOf(topic.log, options.since);
      if (options.since !== undefined) this.#metrics.recovery(start.recovered ? "hit" : "miss");
      this.#begin(subscriber, topic, start);
      const { epoch, offset, recovered, messages } = start;
      options.onStart({ epoch, offset, recovered, messages });
    } finally {
      wanted.waiting--;
      this.#closeIfUnused(name, wanted);
    }
  }

  /** Ends a client's subscription to a topic; returns whether there was one. */
  unsubscribe(subscriber: Subscriber, name: string): boolean {
    const wanted = this.#topics.get(name);
    const subscription = wanted?.open?.subscriptions.get(subscriber);
    if (wanted?.open === undefined || subscription === undefined) return false;
    this.#end(subscription);
    this.#closeIfUnused(name, wanted);
    return true;
  }

  /** Returns the length of what a client has yet to be handed, in UTF-16 code units. */
  backlogOf(subscriber: Subscriber): number {
    const subscriptions = this.#subscriptions.get(subscriber) ?? [];
    return subscriptions.reduce((sum, subscription) => sum + backlogOf(subscription), 0);
  }

  /** Stops the fan-out and the broker. */
  async stop(): Promise<void> {
    this.#fanOut.stop();
    await this.#broker.stop();
  }

  #want(name: string): WantedTopic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const wanted: WantedTopic = {
      waiting: 0,
      opening: this.#broker.open(name).then((log) =>
        wanted.open = { name, log, subscriptions: new Map(), lagging: new Set() }
      ),
    };
    this.#topics.set(name, wanted);
    this.#metrics.topics(this.#topics.size);
    return wanted;
  }

  #closeIfUnused(name: string, wanted: WantedTopic): void {
    if (wanted.waiting > 0 || (wanted.open?.subscriptions.size ?? 0) > 0) return;
    this.#topics.delete(name);
    this.#metrics.topics(this.#topics.size);
    if (wanted.open !== undefined) {
      this.#fanOut.drop(wanted.open);
      this.#broker.close(name);
    }
  }

  /** Sets a cursor, in place of the one that the subscriber may have had. */
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
    this.#changeCount(1);
    if (offset < topic.log.head) this.#fanOut.resume(subscription);
  }

  #end(subscription: Subscription): void {
    const { subscriber, topic } = subscription;
    topic.subscriptions.delete(subscriber);
    topic.lagging.delete(subscription);
    const siblings = this.#subscriptions.get(subscriber) ?? [];
    siblings.splice(siblings.indexOf(subscription), 1);
    if (siblings.length === 0) this.#subscriptions.delete(subscriber);
    this.#changeCount(-1);
  }

  #changeCount(change: number): void {
    this.#count += change;
    this.#metrics.subscriptions(this.#count);
  }
}

/** Returns whether a client has read what the log does not hold yet, or comes from another life. */
function isAhead(since: Cursor | undefined, { epoch, head }: TopicLog): boolean {
  return since !== undefined && (since.epoch !== epoch || since.offset > head);
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
