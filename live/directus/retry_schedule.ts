/**
 * When callers that were rejected should retry.
 *
 * @module
 */

import { AgedMap } from "../domain/aged_map.ts";

/** What a retry schedule needs. */
export interface RetryScheduleOptions {
  /**
   * Estimates how long a number of callers takes to be served, in milliseconds; by default the callers in
   * the queue.
   */
  readonly estimateWaitMs: (callers?: number) => number;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
}

/** Bounds of the delay before jitter, in milliseconds. */
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** Longest jitter, as a share of the delay. */
const MAX_JITTER = 0.5;

/** Sources whose retry time is remembered; the oldest are dropped. */
const MAX_SOURCES = 10_000;

/**
 * Spreads the retries of callers that found the queue full, so that they come back only as fast as Directus
 * can serve them.
 */
export class RetrySchedule {
  readonly #options: RetryScheduleOptions;
  /** When each source should retry. */
  readonly #retryAt: AgedMap<number>;
  /** When all callers in the schedule could have been served. */
  #lastRetryAt = -Infinity;

  /** Creates an empty schedule. */
  constructor(options: RetryScheduleOptions) {
    this.#options = options;
    this.#retryAt = new AgedMap({ maxEntries: MAX_SOURCES, isOld: (at) => at <= options.now() });
  }

  /**
   * Returns the delay before a source should retry, in milliseconds, with up to 50 % jitter.
   *
   * All calls of one source share one retry time: a session's connections then come back together,
   * and cost one call.
   */
  delayMs(source: string): number {
    const { now, random } = this.#options;
    const waitMs = Math.max(MIN_RETRY_MS, this.#reserve(source) - now());
    return Math.round(waitMs * (1 + random() * MAX_JITTER));
  }

  /** Reserves a time behind the queue and behind all sources that were rejected before. */
  #reserve(source: string): number {
    const { estimateWaitMs } = this.#options;
    const now = this.#options.now();
    const reserved = this.#retryAt.get(source);
    if (reserved !== undefined && reserved > now) return reserved;
    const start = Math.max(this.#lastRetryAt, now + estimateWaitMs());
    // Jitter delays callers on average. Without this correction, slots would be idle for that share of the
    // time.
    const callMs = estimateWaitMs(1) / (1 + MAX_JITTER / 2);
    this.#lastRetryAt = Math.min(start + callMs, now + MAX_RETRY_MS);
    this.#retryAt.set(source, this.#lastRetryAt);
    return this.#lastRetryAt;
  }
}
