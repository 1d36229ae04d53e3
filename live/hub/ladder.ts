/**
 * The ladder for slow readers: what becomes of a subscriber whose socket has no room.
 *
 * @module
 */

import { BACKPRESSURE_REASON, CloseCode } from "../domain/close_codes.ts";
import { behind, type Subscription } from "./subscription.ts";

/** What the ladder needs. */
export interface LadderOptions {
  /** What one connection may hold unsent before it is closed with 1008, in bytes. */
  readonly thresholdBytes: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
}

/** How long a socket past the threshold may drain nothing, in milliseconds. */
const STALL_MS = 1_000;

/** A subscriber that lags for so long, in milliseconds, may be too slow for all of it. */
const SLOW_MS = 1_000;

/** It is, if so much waits for it, in thresholds. */
const SLOW_THRESHOLDS = 0.5;

/** With so much it is too slow at once, as the log must not hold a burst for long. */
const BURST_THRESHOLDS = 4;

/**
 * - A socket past the mark is left alone until it drains: its cursor **lags**, and the log is its
 *   queue. When it drains it gets what it missed.
 * - A reader that lags for a second, with more to read than half the threshold, is **too slow** for
 *   all of it: it gets the newest state instead, and the log keeps nothing for it.
 * - A reader that takes nothing for a second, with more than the threshold unsent, is **closed**.
 */
export class Ladder {
  readonly #thresholdBytes: number;
  readonly #now: () => number;

  /** Creates a ladder; what it notes stands in the subscriptions. */
  constructor({ thresholdBytes, now }: LadderOptions) {
    this.#thresholdBytes = thresholdBytes;
    this.#now = now;
  }

  /** Tells whether a subscriber is to get the newest state instead of all that it missed. */
  isTooSlow(subscription: Subscription): boolean {
    const { lag } = subscription;
    if (lag === undefined) return false;
    const isLate = this.#now() - lag.since >= SLOW_MS;
    const most = this.#thresholdBytes * (isLate ? SLOW_THRESHOLDS : BURST_THRESHOLDS);
    return behind(subscription) > most;
  }

  /** Notes that a subscriber has all there is for it. */
  keepUp(subscription: Subscription): void {
    if (subscription.lag === undefined) return;
    subscription.lag = undefined;
    subscription.topic.lagging.delete(subscription);
  }

  /** Notes that a subscriber's socket has no room for what it lacks; ends it if it is stuck. */
  lag(subscription: Subscription): void {
    const { connection, topic } = subscription;
    const { drained } = connection;
    const now = this.#now();
    const lag = subscription.lag ??= { since: now, stalledSince: now, drained };
    topic.lagging.add(subscription);
    if (drained > lag.drained) lag.stalledSince = now;
    lag.drained = drained;
    if (now - lag.stalledSince < STALL_MS) return;
    if (connection.bufferedBytes + behind(subscription) > this.#thresholdBytes) {
      connection.end(CloseCode.PolicyViolation, BACKPRESSURE_REASON);
    }
  }
}
