/**
 * A rate limit.
 *
 * @module
 */

/** Rate and burst of a bucket. */
export interface TokenBucketOptions {
  /** Tokens added per second. */
  readonly perSecond: number;
  /** Tokens that it holds at most, and at the beginning. */
  readonly burst: number;
  /** A monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/**
 * A rate limit that allows a burst and then a steady rate.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TokenBucket } from "./token_bucket.ts";
 *
 * const bucket = new TokenBucket({ perSecond: 1, burst: 2, now: () => 0 });
 * assertEquals([bucket.take(), bucket.take(), bucket.take()], [true, true, false]);
 * ```
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  /** Creates a full bucket. */
  constructor(options: TokenBucketOptions) {
    this.#perMs = options.perSecond / 1000;
    this.#burst = options.burst;
    this.#now = options.now ?? (() => performance.now());
    this.#tokens = options.burst;
    this.#filledAt = this.#now();
  }

  /** Takes a token, and returns whether there was one. */
  take(): boolean {
    const now = this.#now();
    this.#tokens = Math.min(
      this.#burst,
      this.#tokens + (now - this.#filledAt) * this.#perMs,
    );
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
