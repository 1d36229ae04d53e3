/**
 * The policy for slow consumers: when they get the newest state instead of everything.
 *
 * @module
 */

import { backlogOf, type Subscription } from "./subscription.ts";

/** What the policy needs. */
export interface SlowConsumersOptions {
  /** How much one connection may hold unsent, in bytes. */
  readonly thresholdBytes: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** A subscriber that has lagged for this long may be too slow for everything, in milliseconds. */
const SLOW_AFTER_MS = 1_000;

/** The backlog at which such a subscriber counts as too slow, as a fraction of the threshold. */
const SLOW_BACKLOG = 0.5;

/**
 * The backlog at which a subscriber counts as too slow at once, as a multiple of the threshold. The log
 * must not hold more for it.
 */
export const BURST_BACKLOG = 4;

/**
 * Decides what a slow consumer gets.
 *
 * - While a socket has no room, its subscriptions **lag**: nothing is sent, and the log is the queue.
 *   When the socket drains, they get what they missed.
 * - A subscription that has lagged for a second, with a backlog of more than half the threshold, is
 *   **too slow**: it gets the newest state instead, and the log keeps nothing for it.
 *
 * A client that reads nothing at all is closed: see `connection/stall_detector.ts`.
 */
export class SlowConsumers {
  readonly #thresholdBytes: number;
  readonly #now: () => number;

  /** Creates the policy. It keeps its notes in the subscriptions. */
  constructor({ thresholdBytes, now }: SlowConsumersOptions) {
    this.#thresholdBytes = thresholdBytes;
    this.#now = now;
  }

  /** Returns whether a subscriber gets the newest state instead of everything that it missed. */
  isTooSlow(subscription: Subscription): boolean {
    const { laggingSince } = subscription;
    if (laggingSince === undefined) return false;
    const isLate = this.#now() - laggingSince >= SLOW_AFTER_MS;
    const maxBacklog = this.#thresholdBytes * (isLate ? SLOW_BACKLOG : BURST_BACKLOG);
    return backlogOf(subscription) > maxBacklog;
  }

  /** Notes that a subscriber is up to date. */
  keepsUp(subscription: Subscription): void {
    if (subscription.laggingSince === undefined) return;
    subscription.laggingSince = undefined;
    subscription.topic.lagging.delete(subscription);
  }

  /** Notes that a subscriber's socket has no room for what is due. */
  lags(subscription: Subscription): void {
    subscription.laggingSince ??= this.#now();
    subscription.topic.lagging.add(subscription);
  }
}
