/**
 * A histogram of latencies.
 *
 * @module
 */

/** Width of a bucket relative to its latency, and the width of the first bucket in microseconds. */
const GROWTH = 1.02;
const FIRST_US = 10;

/** Counts latencies in buckets of growing width. */
export class Histogram {
  readonly #buckets: number[] = [];
  #count = 0;

  /** Counts a latency, in microseconds. */
  add(us: number): void {
    const bucket = us <= FIRST_US ? 0 : Math.ceil(Math.log(us / FIRST_US) / Math.log(GROWTH));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count++;
  }

  /** Returns a quantile, in milliseconds; 0 without latencies. */
  quantileMs(part: number): number {
    let below = 0;
    for (const [bucket, count = 0] of this.#buckets.entries()) {
      below += count;
      if (below >= part * this.#count) return FIRST_US * GROWTH ** bucket / 1000;
    }
    return 0;
  }
}
