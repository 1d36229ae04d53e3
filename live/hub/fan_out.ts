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
  /** What one connection may hold unsent before it is closed with 1008, in bytes. */
  readonly thresholdBytes: number;
  /** How long a topic's messages are gathered, in milliseconds. @default {0} */
  readonly flushIntervalMs?: number;
  /** Counts and times. */
  readonly metrics: Metrics;
  /** A monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** When to look again at sockets that had no room and drained nothing, in milliseconds. */
export const RETRY_MS = 20;

/** A pass over a topic's subscriptions, or over those that lag. */
interface Broadcast {
  readonly topic: OpenTopic;
  /** Stays valid while subscriptions come and go between two turns. */
  readonly subscriptions: Iterator<Subscription>;
  /** When its first publication was marked; `undefined` if it is only a retry for laggards. */
  readonly since: number | undefined;
  /** The lowest offset after which a subscriber still needs the log. */
  neededAfter: number;
  /** Whether any lagging subscriber took something. */
  isMoving: boolean;
}

/**
 * Goes through the subscribers of dirty topics, and hands each what lies between its cursor and the
 * head: see {@linkcode deliver}.
 *
 * It begins in the turn of the event loop in which a topic was marked, with everything published in
 * that turn: an idle server sends at once, and the busier it is, the more messages share a frame.
 * Each turn has a budget, so that a broadcast to thousands delays nothing else for long. Messages
 * published meanwhile ride along to the subscribers that were not reached yet.
 *
 * Subscribers without room for what is due are visited again by themselves: see
 * {@linkcode SlowConsumers}.
 */
export class FanOut {
  readonly #metrics: Metrics;
  readonly #now: () => number;
  readonly #flushIntervalMs: number;
  readonly #slow: SlowConsumers;
  /** Dirty topics in the order of marking, with the time; no time for a retry. */
  readonly #dirty = new Map<OpenTopic, number | undefined>();
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

  /** Schedules a topic whose log has grown. */
  mark(topic: OpenTopic): void {
    if (this.#stopped || this.#dirty.get(topic) !== undefined) return;
    this.#dirty.set(topic, this.#now());
    if (this.#flushIntervalMs === 0) this.#schedule();
    else this.#gathering ??= setTimeout(this.#turn, this.#flushIntervalMs);
  }

  /** Schedules the rest of a start that was larger than a frame. */
  resume(subscription: Subscription): void {
    if (this.#stopped) return;
    this.#slow.lags(subscription);
    this.#lagging.add(subscription.topic);
    this.#retryIn(0);
  }

  /** Forgets a topic whose last subscriber left. */
  drop(topic: OpenTopic): void {
    this.#dirty.delete(topic);
    this.#lagging.delete(topic);
    if (this.#broadcast?.topic === topic) this.#broadcast = undefined;
  }

  /** Stops, whatever is dirty or lags. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#next);
    clearTimeout(this.#gathering);
    clearTimeout(this.#retry?.timer);
  }

  #schedule(): void {
    this.#next ??= setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    clearImmediate(this.#next);
    clearTimeout(this.#gathering);
    this.#next = this.#gathering = undefined;
    const flush = new Flush(this.#now);
    for (let current = this.#current(); current !== undefined; current = this.#current()) {
      if (this.#advance(current, flush)) this.#finish(current);
      if (flush.isOver) break;
    }
    flush.report(this.#metrics);
    if (this.#broadcast !== undefined || this.#dirty.size > 0) this.#schedule();
  };

  /** Returns the broadcast under way, or begins one for the topic that has been dirty longest. */
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

  /** Goes on; returns `false` if the turn's budget was spent first. */
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
    // With room left nothing is due: it has everything, or nothing that it lacks is still held.
    if (!isBehind(subscription) || subscriber.hasRoom) this.#slow.keepsUp(subscription);
    else this.#slow.lags(subscription);
    if (this.#slow.isTooSlow(subscription)) return; // the log keeps nothing for it
    broadcast.neededAfter = Math.min(broadcast.neededAfter, neededAfter(subscription));
  }

  #finish(broadcast: Broadcast): void {
    const { topic, since, isMoving } = broadcast;
    if (this.#broadcast !== broadcast) return; // its topic was dropped on the way
    this.#broadcast = undefined;
    if (since !== undefined) this.#metrics.broadcast(this.#now() - since);
    // A retry visits laggards only. The others are at the head, unless the topic is dirty again.
    if (since !== undefined || !this.#dirty.has(topic)) topic.log.release(broadcast.neededAfter);
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
