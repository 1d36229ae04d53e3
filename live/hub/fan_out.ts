/**
 * The fan-out: moves cursors to the heads of their logs.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { BACKPRESSURE_REASON, CloseCode } from "../domain/close_codes.ts";
import type { Metrics } from "../domain/metrics.ts";
import { type Frame, makeFrame } from "./frame.ts";
import type { OpenTopic, Subscription } from "./subscription.ts";

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

/** When to look again at sockets that had no room, in milliseconds. */
export const RETRY_MS = 20;

/** How long a socket past the threshold may drain nothing. */
const STALL_MS = 1_000;

/** A socket that does drain may lag behind by so many thresholds, for a burst. */
const BURST_THRESHOLDS = 4;

/** A broadcast that is under way: one walk over a topic's subscribers, in slices. */
interface Walk {
  readonly topic: OpenTopic;
  /** Survives subscribers that come and go between two slices. */
  readonly subscribers: Iterator<Subscription>;
  /** When the publication it began with was marked, if it is not only to look again. */
  readonly since: number | undefined;
  /** The least that any subscriber has been handed. */
  least: number;
  /** Whether a socket was past the mark. */
  lagging: boolean;
}

/** Frames by the offset of the cursors that they are for, or by the epoch those have left. */
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
 * A socket that is past the mark is left alone until it drains; its cursor lags. It is closed
 * with 1008 once it holds more than the threshold, counting what waits for it in the log, and
 * nothing has drained for a while; or more than a few thresholds, whether it drains or not.
 */
export class FanOut {
  readonly #thresholdBytes: number;
  readonly #metrics: Metrics;
  readonly #now: () => number;
  /** Dirty topics and since when, if not only to look again, in the order in which they became so. */
  readonly #dirty = new Map<OpenTopic, number | undefined>();
  readonly #lagging = new Set<OpenTopic>();
  #walk: Walk | undefined;
  #scheduled = false;
  #stopped = false;
  #flushedAt = -Infinity;
  #later: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Creates a fan-out with nothing to do. */
  constructor(options: FanOutOptions) {
    this.#thresholdBytes = options.thresholdBytes;
    this.#metrics = options.metrics;
    this.#now = options.now ?? (() => performance.now());
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
    clearTimeout(this.#retry);
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
      const subscribers = topic.subscriptions.values();
      this.#walk = { topic, subscribers, since, least: topic.log.head, lagging: false };
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
      this.#deliver(walk.topic, next.value, frames, tally);
      this.#look(walk, next.value);
    }
    if (tally.messages > 0) this.#metrics.sent("message", tally.messages);
    if (tally.skipped > 0) this.#metrics.skipped(tally.skipped);
    if (tally.starts > 0) this.#metrics.sent("subscribed", tally.starts);
    return done;
  }

  /** Hands a socket what it lacks, while it takes it. */
  #deliver(topic: OpenTopic, subscription: Subscription, frames: Frames, tally: Tally): void {
    const { connection } = subscription;
    while (!isCurrent(topic, subscription) && connection.hasRoom) {
      const frame = frameFor(topic, subscription, frames);
      if (frame === undefined || !connection.deliver(frame.text)) return;
      subscription.epoch = topic.log.epoch;
      subscription.offset = frame.upTo;
      subscription.stalledSince = undefined;
      if (frame.isStart) tally.starts++;
      else tally.messages += frame.count;
      tally.skipped += frame.skipped;
    }
  }

  /** Notes where a subscriber stands, and ends its connection if it has lagged too far. */
  #look(walk: Walk, subscription: Subscription): void {
    const { connection } = subscription;
    const { log } = walk.topic;
    if (connection.ended) return;
    const offset = subscription.epoch === log.epoch ? subscription.offset : 0;
    walk.least = Math.min(walk.least, offset);
    if (isCurrent(walk.topic, subscription)) return;
    if (connection.hasRoom) return; // nothing of what it lacks is held any more
    walk.lagging = true;
    const now = this.#now();
    const { drained } = connection;
    if (drained > subscription.drained) subscription.stalledSince = undefined;
    subscription.drained = drained;
    subscription.stalledSince ??= now;
    const unsent = connection.bufferedBytes + log.lengthAfter(offset);
    const stalled = now - subscription.stalledSince >= STALL_MS;
    if (unsent > this.#thresholdBytes * (stalled ? 1 : BURST_THRESHOLDS)) {
      connection.end(CloseCode.PolicyViolation, BACKPRESSURE_REASON);
    }
  }

  #finish(walk: Walk): void {
    if (this.#walk !== walk) return; // its topic was dropped on the way
    this.#walk = undefined;
    if (walk.since !== undefined) this.#metrics.broadcast(this.#now() - walk.since);
    walk.topic.log.release(walk.least);
    if (walk.lagging) {
      this.#lagging.add(walk.topic);
      this.#retry ??= setTimeout(this.#lookAgain, RETRY_MS);
    }
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

function isCurrent({ log }: OpenTopic, { epoch, offset }: Subscription): boolean {
  return offset >= log.head && epoch === log.epoch;
}

/** Returns the frame that all subscribers share who stand where this one does. */
function frameFor(topic: OpenTopic, cursor: Subscription, frames: Frames): Frame | undefined {
  const place = cursor.epoch === topic.log.epoch ? cursor.offset : cursor.epoch;
  if (!frames.has(place)) frames.set(place, makeFrame(topic, cursor));
  return frames.get(place);
}
