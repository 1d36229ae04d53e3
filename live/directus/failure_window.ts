/**
 * The failure rate of recent calls.
 *
 * @module
 */

/** How far back the window reaches, in milliseconds. */
export const WINDOW_MS = 10_000;

/** Samples below which a failure rate means nothing. */
const MIN_SAMPLES = 5;

/** Failure rate from which calls count as failing. */
const MAX_FAILURE_RATE = 0.5;

/** Samples that are kept. At more than 20 calls a second the window is shorter than 10 seconds. */
const MAX_SAMPLES = 200;

/** Failures of one source that count. */
const MAX_FAILURES_PER_SOURCE = MIN_SAMPLES;

/** The result of one call. */
export interface Sample {
  /** Whether the call failed. */
  readonly failed: boolean;
  /** Whose call it was. */
  readonly source: string;
}

/**
 * Keeps the results of the last ten seconds.
 *
 * It measures a rate rather than consecutive failures, to also notice a Directus that fails every
 * other call.
 */
export class FailureWindow {
  readonly #now: () => number;
  #samples: (Sample & { readonly at: number })[] = [];

  /** Creates an empty window over a monotonic clock, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Adds a sample. Only the first failures of a source count: a user who found an item on which
   * Directus always fails must not open the circuit for everybody.
   */
  add(sample: Sample): void {
    const at = this.#now();
    this.#samples = this.#samples.filter((earlier) => at - earlier.at < WINDOW_MS);
    if (sample.failed) {
      const ofSource = this.#failures().filter(({ source }) => source === sample.source);
      if (ofSource.length >= MAX_FAILURES_PER_SOURCE) return;
    }
    this.#samples.push({ ...sample, at });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** Whether the failure rate is at least 50 %, over at least five samples. */
  get isFailing(): boolean {
    const { length } = this.#samples;
    return length >= MIN_SAMPLES && this.#failures().length >= MAX_FAILURE_RATE * length;
  }

  /** Drops all samples. */
  clear(): void {
    this.#samples = [];
  }

  #failures(): Sample[] {
    return this.#samples.filter(({ failed }) => failed);
  }
}
