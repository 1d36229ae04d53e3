/**
 * The fan-out: moves cursors to the heads of their logs.
 *
 * @module
 */

import { clearImmediate, setImmediate } from "node:timers";
import type { Metrics } from "../domain/metrics.ts";
import { deliver } from "./delivery.ts";
import { Flush } from "./flush.ts";
import { SlowConsumers } from "./slow_consumer.ts";
import { isBehind, neededAfter, type OpenTopic, type Subscription } from "./subscription.ts";

/** What the fan-out needs. */
export interface FanOutOptions {
  /** How much one connection may hold unsent before it is closed with 1008, in bytes. */
  readonly thresholdBytes: number;
  /** How long a topic's messages are gathered, in milliseconds. @default {0} */
  readonly flushIntervalMs?: number;
  /** Counts and times what is sent. */
  readonly metrics: Metrics;
  /** A monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** When to visit sockets again that had no room and drained nothing, in milliseconds. */
export const RETRY_MS = 20;

/** Topics that are due for a broadcast, with the time of their first publication. */
type MarkedTopics = Map<OpenTopic, number | undefined>;

/** A pass over all of a topic's subscriptions, or only over those that lag. */
interface Broadcast {
  readonly topic: OpenTopic;
  /** It stays valid when subscriptions begin or end between two turns. */
  readonly subscriptions: Iterator<Subscription>;
  /** When the topic was marked; `undefined` if only lagging subscribers are visited. */
  readonly since: number | undefined;
  /** The lowest offset after which a subscriber still needs the log. */
  neededAfter: number;
  /** Whether any lagging subscriber took something. */
  isMoving: boolean;
}

/**
 * Visits the subscribers of topics that have grown, and sends each what lies between its cursor and the
 * head: see {@linkcode deliver}.
 *
 * A broadcast begins in the turn of the event loop in which its topic was marked, with everything published
 * in that turn. So an idle server sends at once, and the busier it is, the more messages share a frame.
 * Each turn has a budget, so that a broadcast to thousands does not block the event loop. Subscribers that
 * were not reached yet get messages published meanwhile in the same frame.
 *
 * Subscribers whose sockets have no room are visited again later: see {@linkcode SlowConsumers}.
 */
export class FanOut {
  readonly #metrics: Metrics;
  readonly #now: () => number;
  readonly #flushIntervalMs: number;
  readonly #slow: SlowConsumers;
  /** Topics to broadcast, in order; without a time if only lagging subscribers are visited. */
  readonly #dirty: MarkedTopics = new Map();
  /** Topics whose messages are still being gathered. */
  readonly #gathered: MarkedTopics = new Map();
  /** Topics with lagging subscriptions. */
  readonly #lagging = new Set<OpenTopic>();
  #broadcast: Broadcast | undefined;
  #stopped = false;
  #next: ReturnType<typeof setImmediate> | undefined;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #retry: { readonly ms: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  /** Creates a fan-out with nothing to do. */
  constructor(options: FanOutOptions) {
    this.#metrics = options.metrics;
    this.#now = options.now ?? (() => performance.now());
    this.#flushIntervalMs = options.flushIntervalMs ?? 0;
    this.#slow = new SlowConsumers({ ...options, now: this.#now });
  }

  /** Schedules a broadcast of a topic whose log has grown. */
  mark(topic: OpenTopic): void {
    const gathers = this.#flushIntervalMs > 0;
    const marked = gathers ? this.#gathered : this.#dirty;
    if (this.#stopped || marked.get(topic) !== undefined) return;
    marked.set(topic, this.#now());
    if (gathers) this.#gathering ??= setTimeout(this.#flushGathered, this.#flushIntervalMs);
    else this.#schedule();
  }

  /** Schedules the rest of a start that was larger than a frame. */
  resume(subscription: Subscription): void {
    if (this.#stopped) return;
    const { topic } = subscription;
    topic.log.retain(neededAfter(subscription));
    this.#slow.lags(subscription);
    this.#lagging.add(topic);
    this.#retryIn(0);
  }

  /** Forgets a topic whose last subscriber left. */
  drop(topic: OpenTopic): void {
    this.#dirty.delete(topic);
    this.#gathered.delete(topic);
    this.#lagging.delete(topic);
    if (this.#broadcast?.topic === topic) this.#broadcast = undefined;
  }

  /** Stops. Nothing more is sent, not even what is due. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#next);
    clearTimeout(this.#gathering);
    clearTimeout(this.#retry?.timer);
  }

  #schedule(): void {
    this.#next ??= setImmediate(this.#turn);
  }

  readonly #flushGathered = (): void => {
    this.#gathering = undefined;
    for (const [topic, since] of this.#gathered) {
      this.#dirty.set(topic, this.#dirty.get(topic) ?? since);
    }
    this.#gathered.clear();
    this.#schedule();
  };

  readonly #turn = (): void => {
    this.#next = undefined;
    const flush = new Flush(this.#now);
    for (let current = this.#current(); current !== undefined; current = this.#current()) {
      if (this.#advance(current, flush)) this.#finish(current);
      if (flush.isOver) break;
    }
    flush.report(this.#metrics);
    if (this.#broadcast !== undefined || this.#dirty.size > 0) this.#schedule();
  };

  /** Returns the broadcast in progress, or begins one for the topic that was marked first. */
  #current(): Broadcast | undefined {
    if (this.#broadcast !== undefined) return this.#broadcast;
    for (const [topic, since] of this.#dirty) {
      this.#dirty.delete(topic);
      if (since !== undefined) this.#metrics.publishToSend(this.#now() - since);
      const all = since === undefined ? topic.lagging : topic.subscriptions;
      const subscriptions = all.values();
      const { head } = topic.log;
      this.#broadcast = { topic, subscriptions, since, neededAfter: head, isMoving: false };
      break;
    }
    return this.#broadcast;
  }

  /** Continues a broadcast; returns `false` if the turn's budget was spent before its end. */
  #advance(broadcast: Broadcast, flush: Flush): boolean {
    do {
      const next = broadcast.subscriptions.next();
      if (next.done) return true;
      this.#serve(next.value, broadcast, flush);
    } while (!flush.isOver);
    return false;
  }

  #serve(subscription: Subscription, broadcast: Broadcast, flush: Flush): void {
    const { subscriber } = subscription;
    flush.visited();
    if (deliver(subscription, this.#slow, flush)) broadcast.isMoving = true;
    if (subscriber.ended) return;
    // A subscriber with room is up to date, or the log no longer holds what it lacks.
    if (!isBehind(subscription) || subscriber.hasRoom) this.#slow.keepsUp(subscription);
    else this.#slow.lags(subscription);
    if (this.#slow.isTooSlow(subscription)) return; // the log keeps nothing for it
    broadcast.neededAfter = Math.min(broadcast.neededAfter, neededAfter(subscription));
  }

  #finish(broadcast: Broadcast): void {
    const { topic, since, isMoving } = broadcast;
    if (this.#broadcast !== broadcast) return; // the topic was dropped meanwhile
    this.#broadcast = undefined;
    if (since !== undefined) this.#metrics.broadcast(this.#now() - since);
    // Subscribers that keep up are at the head of the log, unless the topic was marked again.
    const isMarked = this.#dirty.has(topic) || this.#gathered.has(topic);
    if (since !== undefined || !isMarked) topic.log.release(broadcast.neededAfter);
    if (topic.lagging.size === 0) return;
    this.#lagging.add(topic);
    this.#retryIn(isMoving ? 0 : RETRY_MS);
  }

  #retryIn(ms: number): void {
    if (this.#retry !== undefined && this.#retry.ms <= ms) return;
    clearTimeout(this.#retry?.timer);
    this.#retry = { ms, timer: setTimeout(this.#retryLagging, ms) };
  }

  readonly #retryLagging = (): void => {
    this.#retry = undefined;
    const topics = [...this.#lagging];
    this.#lagging.clear();
    for (const topic of topics) {
      if (!this.#dirty.has(topic)) this.#dirty.set(topic, undefined);
    }
    this.#schedule();
  };
}
