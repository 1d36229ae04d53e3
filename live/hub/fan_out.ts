/**
 * The fan-out: moves cursors to the heads of their logs.
 *
 * @module
 */

import { clearImmediate, setImmediate } from "node:timers";
import type { Metrics } from "../domain/metrics.ts";
import { deliver } from "./delivery.ts";
import { Ladder } from "./ladder.ts";
import { lacks, offsetOf, type OpenTopic, type Subscription } from "./subscription.ts";
import { Turn } from "./turn.ts";

/** What the fan-out needs. */
export interface FanOutOptions {
  /** What one connection may hold unsent before it is closed with 1008, in bytes. */
  readonly thresholdBytes: number;
  /** How long a topic's messages are gathered, in milliseconds. @default {0} */
  readonly flushIntervalMs?: number;
  /** Counts and times. */
  readonly metrics: Metrics;
  /** A clock that never goes back, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** When to look again at sockets that had no room and took nothing, in milliseconds. */
export const RETRY_MS = 20;

/** A walk over a topic's subscribers, or over those that lag. */
interface Walk {
  readonly topic: OpenTopic;
  /** Survives subscribers that come and go between two turns. */
  readonly subscribers: Iterator<Subscription>;
  /** When the publication it began with was marked, if it is not only to look again. */
  readonly since: number | undefined;
  /** The least offset after which a subscriber still has to read. */
  least: number;
  /** Whether any subscriber that lags has taken something. */
  isMoving: boolean;
}

/**
 * Walks over the subscribers of dirty topics, and hands each what lies between its cursor and the
 * head: see {@linkcode deliver}.
 *
 * It begins in the turn of the event loop in which a topic was marked, with all that was published
 * in that turn: an idle server sends at once, and the busier it is, the more rides in one frame.
 * Each turn has a budget, so that a walk over thousands holds nobody up; what is published
 * meanwhile rides along to those not yet reached.
 *
 * Who has no room for what it lacks is looked at again by itself: see {@linkcode Ladder}.
 */
export class FanOut {
  readonly #metrics: Metrics;
  readonly #now: () => number;
  readonly #flushIntervalMs: number;
  readonly #ladder: Ladder;
  /** Dirty topics and since when, if not only to look again, in the order in which they became so. */
  readonly #dirty = new Map<OpenTopic, number | undefined>();
  /** Topics with subscribers that lag. */
  readonly #lagging = new Set<OpenTopic>();
  #walk: Walk | undefined;
  #stopped = false;
  #next: ReturnType<typeof setImmediate> | undefined;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #retry: { readonly ms: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  /** Creates a fan-out with nothing to do. */
  constructor(options: FanOutOptions) {
    this.#metrics = options.metrics;
    this.#now = options.now ?? (() => performance.now());
    this.#flushIntervalMs = options.flushIntervalMs ?? 0;
    this.#ladder = new Ladder({ ...options, now: this.#now });
  }

  /** Sends a topic's subscribers soon what its log has grown by. */
  mark(topic: OpenTopic): void {
    if (this.#stopped || this.#dirty.get(topic) !== undefined) return;
    this.#dirty.set(topic, this.#now());
    if (this.#flushIntervalMs === 0) this.#goOn();
    else this.#gathering ??= setTimeout(this.#turn, this.#flushIntervalMs);
  }

  /** Forgets a topic whose last subscriber left. */
  drop(topic: OpenTopic): void {
    this.#dirty.delete(topic);
    this.#lagging.delete(topic);
    if (this.#walk?.topic === topic) this.#walk = undefined;
  }

  /** Stops for good, whatever is dirty or lags. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#next);
    clearTimeout(this.#gathering);
    clearTimeout(this.#retry?.timer);
  }

  #goOn(): void {
    this.#next ??= setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    clearImmediate(this.#next);
    clearTimeout(this.#gathering);
    this.#next = this.#gathering = undefined;
    const turn = new Turn(this.#now);
    for (let walk = this.#current(); walk !== undefined; walk = this.#current()) {
      if (this.#advance(walk, turn)) this.#finish(walk);
      if (turn.isOver) break;
    }
    turn.tell(this.#metrics);
    if (this.#walk !== undefined || this.#dirty.size > 0) this.#goOn();
  };

  /** Returns the walk under way, or begins one over the topic that has been dirty longest. */
  #current(): Walk | undefined {
    if (this.#walk !== undefined) return this.#walk;
    for (const [topic, since] of this.#dirty) {
      this.#dirty.delete(topic);
      if (since !== undefined) this.#metrics.publishToSend(this.#now() - since);
      const all = since === undefined ? topic.lagging : topic.subscriptions;
      const subscribers = all.values();
      this.#walk = { topic, subscribers, since, least: topic.log.head, isMoving: false };
      break;
    }
    return this.#walk;
  }

  /** Walks on; `false` if the turn was over first. */
  #advance(walk: Walk, turn: Turn): boolean {
    do {
      const next = walk.subscribers.next();
      if (next.done) return true;
      this.#serve(next.value, walk, turn);
    } while (!turn.isOver);
    return false;
  }

  #serve(subscription: Subscription, walk: Walk, turn: Turn): void {
    const { connection } = subscription;
    turn.visited();
    if (deliver(subscription, this.#ladder, turn)) walk.isMoving = true;
    if (connection.ended) return;
    // With room left there is nothing to send: it has all, or nothing of what it lacks is held.
    if (!lacks(subscription) || connection.hasRoom) this.#ladder.keepUp(subscription);
    else this.#ladder.lag(subscription);
    if (this.#ladder.isTooSlow(subscription)) return; // the log keeps nothing for it
    walk.least = Math.min(walk.least, offsetOf(subscription));
  }

  #finish(walk: Walk): void {
    const { topic, since, least, isMoving } = walk;
    if (this.#walk !== walk) return; // its topic was dropped on the way
    this.#walk = undefined;
    if (since !== undefined) this.#metrics.broadcast(this.#now() - since);
    // Who does not lag stands at the head, unless it is yet to be told of what was published.
    if (since !== undefined || !this.#dirty.has(topic)) topic.log.release(least);
    if (topic.lagging.size === 0) return;
    this.#lagging.add(topic);
    this.#lookLater(isMoving ? 0 : RETRY_MS);
  }

  #lookLater(ms: number): void {
    if (this.#retry !== undefined && this.#retry.ms <= ms) return;
    clearTimeout(this.#retry?.timer);
    this.#retry = { ms, timer: setTimeout(this.#lookAgain, ms) };
  }

  readonly #lookAgain = (): void => {
    this.#retry = undefined;
    const topics = [...this.#lagging];
    this.#lagging.clear();
    for (const topic of topics) {
      if (!this.#dirty.has(topic)) this.#dirty.set(topic, undefined);
    }
    this.#goOn();
  };
}
