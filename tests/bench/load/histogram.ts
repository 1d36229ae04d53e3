/**
 * Latencies, many of them.
 *
 * @module
 */

/** Width of a bucket that holds this many microseconds: 2 % of them, 10 at least. */
const GROWTH = 1.02;
const FIRST_US = 10;

/** Counts times in buckets whose width grows with them. */
export class Histogram {
  readonly #buckets: number[] = [];
  #count = 0;

  /** Counts one, in microseconds. */
  add(us: number): void {
    const bucket = us <= FIRST_US ? 0 : Math.ceil(Math.log(us / FIRST_US) / Math.log(GROWTH));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count++;
  }

  /** Returns the time below which this part of all lies, in milliseconds; 0 if there is none. */
  quantileMs(part: number): number {
    let below = 0;
    for (const [bucket, count = 0] of this.#buckets.entries()) {
      below += count;
      if (below >= part * this.#count) return FIRST_US * GROWTH ** bucket / 1000;
    }
    return 0;
  }
}
