/**
 * Whether what came of the recent calls is bad enough to stop calling.
 *
 * @module
 */

/** How far back it looks, in milliseconds. */
export const WINDOW_MS = 10_000;

/** Outcomes that say something; fewer may be chance. */
const MIN_OUTCOMES = 5;

/** Outcomes that are kept; with more calls than that a second, fewer seconds are looked at. */
const MAX_OUTCOMES = 200;

/** Failures of one source that count. */
const MAX_PER_SOURCE = MIN_OUTCOMES;

interface Outcome {
  readonly at: number;
  readonly hasFailed: boolean;
  readonly source: string;
}

/**
 * Remembers the outcomes of the last ten seconds.
 *
 * It takes shares and not failures in a row, so that a Directus that answers every other call is
 * found out as well.
 */
export class FailureWindow {
  readonly #now: () => number;
  #outcomes: Outcome[] = [];

  /** Creates an empty window over a clock that never goes back, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Adds an outcome.
   *
   * @param hasFailed Whether it is a failure.
   * @param source Whose call it was. The failures of one count only to a bound: somebody may have
   * found an item on which Directus always fails, and must not stop it for all the others.
   */
  add(hasFailed: boolean, source: string): void {
    const at = this.#now();
    this.#outcomes = this.#outcomes.filter((outcome) => at - outcome.at < WINDOW_MS);
    const ofSource = this.#failures().filter((outcome) => outcome.source === source);
    if (hasFailed && ofSource.length >= MAX_PER_SOURCE) return;
    this.#outcomes.push({ at, hasFailed, source });
    if (this.#outcomes.length > MAX_OUTCOMES) this.#outcomes.shift();
  }

  /** Whether at least half of the outcomes are failures, if there are enough to tell. */
  get isBad(): boolean {
    const { length } = this.#outcomes;
    return length >= MIN_OUTCOMES && 2 * this.#failures().length >= length;
  }

  /** Forgets all. */
  clear(): void {
    this.#outcomes = [];
  }

  #failures(): Outcome[] {
    return this.#outcomes.filter((outcome) => outcome.hasFailed);
  }
}
