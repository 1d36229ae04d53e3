/**
 * The hub: it knows topics and who listens to them.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type {
  Broker,
  BrokerEvents,
  Cursor,
  Position,
  Publication,
  TopicLog,
} from "../domain/broker.ts";
import { BACKPRESSURE_REASON, CloseCode } from "../domain/close_codes.ts";
import type { Metrics } from "../domain/metrics.ts";
import { FanOut, type FanOutOptions, RETRY_MS } from "./fan_out.ts";
import type { OpenTopic, Subscription } from "./subscription.ts";

/** What the hub needs. */
export interface HubOptions extends FanOutOptions {
  /** Where topics' logs are written. The hub listens to it and stops it. */
  readonly broker: Broker;
}

/** Where a subscription began. */
export interface Start extends Cursor {
  /** Whether `messages` are all that followed the client's position. */
  readonly recovered: boolean;
  /** What followed the client's position, or else the latest message of each key. */
  readonly messages: readonly string[];
}

/** How to begin a subscription. */
export interface SubscribeOptions {
  /** Up to where the client has read already, if it was here before. */
  readonly since?: Cursor | undefined;
  /**
   * Called in the very turn in which the subscription begins, so that what it sends stands before
   * the first live message. Not called if the connection ended meanwhile.
   */
  readonly onStart: (start: Start) => void;
}

/**
 * How long a start waits for a socket that drains nothing, in milliseconds: a client that asks and
 * never reads must not pile up questions.
 */
const STUCK_MS = 10_000;

/** A topic that is wanted: open, or being opened. */
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
  readonly #now: () => number;
  readonly #topics = new Map<string, WantedTopic>();
  /** What each connection listens to. */
  readonly #subscribers = new Map<Connection, Subscription[]>();
  #subscriptions = 0;

  /** Creates a hub on a broker, which it asks for the logs that somebody listens to. */
  constructor(options: HubOptions) {
    this.#broker = options.broker;
    this.#metrics = options.metrics;
    this.#fanOut = new FanOut(options);
    this.#now = options.now ?? (() => performance.now());
    this.#broker.listen(this);
  }

  /**
   * Appends publications in their order, all or none, and marks their topics for the fan-out.
   *
   * @returns Their positions, once they are in the logs; not whether anybody has got them.
   */
  publish(publications: readonly Publication[]): Promise<Position[]> {
    return this.#broker.publish(publications);
  }

  changed(name: string): void {
    const topic = this.#topics.get(name)?.open;
    if (topic === undefined) return;
    if (topic.subscriptions.size > 0) this.#fanOut.mark(topic);
    else topic.log.release(topic.log.head); // who still waits to begin will begin at the head
  }

  /**
   * Subscribes a connection to a topic. History and live join without a gap or a duplicate:
   * it is one log, and the cursor is set in the turn in which the start is told. If it is
   * subscribed already, it begins anew at the start that is told.
   *
   * A start can be large, and a client that comes back asks for all its topics at once: each waits
   * until the socket has room, so that they do not add up to more than it may hold.
   */
  async subscribe(connection: Connection, name: string, options: SubscribeOptions): Promise<void> {
    const wanted = this.#want(name);
    wanted.waiting++;
    try {
      const topic = await wanted.opening;
      if (isAhead(options.since, topic.log)) await this.#broker.refresh(name);
      // Looked at anew after each wait, as another start may have taken the room meanwhile.
      while (!connection.ended && !connection.hasRoom) await this.#roomOf(connection);
      if (connection.ended) return;
      const start = startOf(topic.log, options.since);
      if (options.since !== undefined) {
        this.#metrics.recovery(start.recovered ? "hit" : "miss");
      }
      this.#begin(connection, topic, start);
      options.onStart(start);
    } finally {
      wanted.waiting--;
      this.#closeIfUnused(name, wanted);
    }
  }

  /** Ends a connection's subscription to a topic; returns whether there was one. */
  unsubscribe(connection: Connection, name: string): boolean {
    const wanted = this.#topics.get(name);
    const subscription = wanted?.open?.subscriptions.get(connection);
    if (wanted?.open === undefined || subscription === undefined) return false;
    this.#end(subscription);
    this.#closeIfUnused(name, wanted);
    return true;
  }

  /** Stops the fan-out and the broker. */
  async stop(): Promise<void> {
    this.#fanOut.stop();
    await this.#broker.stop();
  }

  /** Resolves once a socket has room or has ended; ends it if it drains nothing for too long. */
  async #roomOf(connection: Connection): Promise<void> {
    let { drained } = connection;
    let drainedAt = this.#now();
    while (!connection.ended && !connection.hasRoom) {
      if (connection.drained > drained) {
        drained = connection.drained;
        drainedAt = this.#now();
      } else if (this.#now() - drainedAt >= STUCK_MS) {
        connection.end(CloseCode.PolicyViolation, BACKPRESSURE_REASON);
      } else await later(RETRY_MS);
    }
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

  /** Sets a cursor, in place of the one that the connection may have had. */
  #begin(connection: Connection, topic: OpenTopic, { epoch, offset }: Cursor): void {
    const former = topic.subscriptions.get(connection);
    if (former !== undefined) this.#end(former);
    const siblings = this.#subscribers.get(connection) ?? [];
    const subscription = { connection, topic, siblings, epoch, offset, lag: undefined };
    siblings.push(subscription);
    this.#subscribers.set(connection, siblings);
    topic.subscriptions.set(connection, subscription);
    this.#count(1);
  }

  #end(subscription: Subscription): void {
    const { connection, topic } = subscription;
    topic.subscriptions.delete(connection);
    topic.lagging.delete(subscription);
    const siblings = this.#subscribers.get(connection) ?? [];
    siblings.splice(siblings.indexOf(subscription), 1);
    if (siblings.length === 0) this.#subscribers.delete(connection);
    this.#count(-1);
  }

  #count(change: number): void {
    this.#subscriptions += change;
    this.#metrics.subscriptions(this.#subscriptions);
  }
}

/** Tells whether a client has read what the log does not hold, or of a life it does not know. */
function isAhead(since: Cursor | undefined, { epoch, head }: TopicLog): boolean {
  return since !== undefined && (since.epoch !== epoch || since.offset > head);
}

function startOf(log: TopicLog, since: Cursor | undefined): Start {
  const { epoch, head: offset } = log;
  const missed = since?.epoch === epoch ? log.read(since.offset, Infinity) : undefined;
  return missed === undefined
    ? { epoch, offset, recovered: false, messages: log.latest() }
    : { epoch, offset, recovered: true, messages: missed };
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
