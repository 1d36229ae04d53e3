/**
 * The fan-out: moves cursors to the heads of their logs.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Metrics } from "../domain/metrics.ts";
import { type Frame, makeFrame } from "./frame.ts";
import { Ladder } from "./ladder.ts";
import { isCurrent, offsetIn, type OpenTopic, type Subscription } from "./subscription.ts";

/** What the fan-out needs. */
export interface FanOutOptions {
  /** What one connection may hold unsent before it is closed with 1008, in bytes. */
  readonly thresholdBytes: number;
  /** Counts and times. */
  readonly metrics: Metrics;
  /** A clock that never goes back, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** How long one turn may hold the event loop before pings and upgrades get theirs. */
const SLICE_MS = 4;

/** The clock is read after so many subscribers. */
const CLOCK_EVERY = 32;

/** A flush so soon after another waits for a turn, and takes along what comes meanwhile. */
const IDLE_MS = 5;

/** When to look again at sockets that had no room and took nothing, in milliseconds. */
export const RETRY_MS = 20;

/** A walk over a topic's subscribers, or over those that lag, in slices. */
interface Walk {
  readonly topic: OpenTopic;
  /** Survives subscribers that come and go between two slices. */
  readonly subscribers: Iterator<Subscription>;
  /** When the publication it began with was marked, if it is not only to look again. */
  readonly since: number | undefined;
  /** The least offset after which a subscriber still has to read. */
  least: number;
  /** Whether any subscriber that lags has taken something. */
  isMoving: boolean;
}

/** Frames by what they are for: see {@linkcode frameFor}. */
type Frames = Map<number | string, Frame | undefined>;

/** What a walk has sent since the metrics were told. */
interface Tally {
  messages: number;
  skipped: number;
  starts: number;
}

/**
 * Walks over the subscribers of dirty topics and sends each what lies between its cursor and the
 * head, as one frame that all who stand at the same offset share.
 *
 * It sends at once when idle. When busy it waits for a turn of the event loop, so that more rides
 * in one frame: what costs is the write, not the message. A walk stops after some milliseconds
 * and goes on in a later turn.
 *
 * Who has no room for what it lacks is looked at again by itself: see {@linkcode Ladder}.
 */
export class FanOut {
  readonly #metrics: Metrics;
  readonly #now: () => number;
  readonly #ladder: Ladder;
  /** Dirty topics and since when, if not only to look again, in the order in which they became so. */
  readonly #dirty = new Map<OpenTopic, number | undefined>();
  /** Topics with subscribers that lag. */
  readonly #lagging = new Set<OpenTopic>();
  #walk: Walk | undefined;
  #scheduled = false;
  #stopped = false;
  #flushedAt = -Infinity;
  #later: ReturnType<typeof setTimeout> | undefined;
  #retry: { readonly ms: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  /** Creates a fan-out with nothing to do. */
  constructor(options: FanOutOptions) {
    this.#metrics = options.metrics;
    this.#now = options.now ?? (() => performance.now());
    this.#ladder = new Ladder({ ...options, now: this.#now });
  }

  /** Sends a topic's subscribers, now or soon, what its log has grown by. */
  mark(topic: OpenTopic): void {
    if (this.#dirty.get(topic) === undefined) this.#enqueue(topic, this.#now());
  }

  #enqueue(topic: OpenTopic, since: number | undefined): void {
    if (this.#stopped) return;
    this.#dirty.set(topic, since);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#now() - this.#flushedAt > IDLE_MS) queueMicrotask(this.#flush);
    else this.#later = setTimeout(this.#flush, 0);
  }

  /** Forgets a topic whose last subscriber left. */
  drop(topic: OpenTopic): void {
    this.#dirty.delete(topic);
    this.#lagging.delete(topic);
    if (this.#walk?.topic === topic) this.#walk = undefined;
  }

  /** Stops for good, whatever is dirty or lags. */
  stop(): void {
    clearTimeout(this.#later);
    clearTimeout(this.#retry?.timer);
    this.#stopped = true;
  }

  readonly #flush = (): void => {
    if (this.#stopped) return;
    this.#scheduled = false;
    const until = this.#now() + SLICE_MS;
    for (let walk = this.#next(); walk !== undefined; walk = this.#next()) {
      if (this.#advance(walk, until)) this.#finish(walk);
      if (this.#now() > until) {
        this.#scheduled = true;
        setImmediate(this.#flush);
        break;
      }
    }
    this.#flushedAt = this.#now();
  };

  /** Returns the walk under way, or begins one over the topic that has been dirty longest. */
  #next(): Walk | undefined {
    if (this.#walk !== undefined) return this.#walk;
    for (const [topic, since] of this.#dirty) {
      this.#dirty.delete(topic);
      const all = since === undefined ? topic.lagging : topic.subscriptions;
      const subscribers = all.values();
      this.#walk = { topic, subscribers, since, least: topic.log.head, isMoving: false };
      break;
    }
    return this.#walk;
  }

  /** Walks on; `false` if time was up first. */
  #advance(walk: Walk, until: number): boolean {
    const frames: Frames = new Map();
    const tally: Tally = { messages: 0, skipped: 0, starts: 0 };
    let done = false;
    for (let count = 1; count % CLOCK_EVERY !== 0 || this.#now() <= until; count++) {
      const next = walk.subscribers.next();
      if (next.done) {
        done = true;
        break;
      }
      this.#serve(walk, next.value, frames, tally);
    }
    if (tally.messages > 0) this.#metrics.sent("message", tally.messages);
    if (tally.skipped > 0) this.#metrics.skipped(tally.skipped);
    if (tally.starts > 0) this.#metrics.sent("subscribed", tally.starts);
    return done;
  }

  /** Hands a subscriber what it lacks, while its socket takes it; what is left, lags. */
  #serve(walk: Walk, subscription: Subscription, frames: Frames, tally: Tally): void {
    const { topic } = walk;
    const { connection } = subscription;
    const conflate = this.#ladder.isTooSlow(topic, subscription);
    while (!isCurrent(topic, subscription) && connection.hasRoom) {
      const frame = frameFor(topic, subscription, conflate, frames);
      if (frame === undefined || !connection.deliver(frame.text)) break;
      subscription.epoch = topic.log.epoch;
      subscription.offset = frame.upTo;
      subscription.stalledSince = undefined;
      walk.isMoving ||= subscription.laggingSince !== undefined;
      if (frame.isStart) tally.starts++;
      else tally.messages += frame.count;
      tally.skipped += frame.skipped;
    }
    if (connection.ended) return;
    // With room left there is nothing to send: it has all, or nothing of what it lacks is held.
    const isDone = isCurrent(topic, subscription) || connection.hasRoom;
    if (isDone) this.#ladder.keepUp(topic, subscription);
    else this.#ladder.lag(topic, subscription);
    if (this.#ladder.isTooSlow(topic, subscription)) return; // the log keeps nothing for it
    walk.least = Math.min(walk.least, offsetIn(topic, subscription));
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
      if (!this.#dirty.has(topic)) this.#enqueue(topic, undefined);
    }
  };
}

/** Returns the frame that all subscribers share who stand where this one does. */
function frameFor(
  topic: OpenTopic,
  { epoch, offset }: Subscription,
  conflate: boolean,
  frames: Frames,
): Frame | undefined {
  const place = epoch !== topic.log.epoch ? epoch : conflate ? -1 - offset : offset;
  if (!frames.has(place)) {
    frames.set(place, makeFrame(topic, { epoch, offset }, { conflate }));
  }
  return frames.get(place);
}
