/**
 * A timer for connections that may fall silent.
 *
 * @module
 */

/**
 * Calls back after each interval without activity.
 *
 * Activity only notes the time. The timer runs to its end and then measures how long it was quiet,
 * which is cheaper than a new timer for each frame.
 */
export class QuietTimer {
  readonly #intervalMs: number;
  readonly #onQuiet: () => void;
  #activeAt = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts to watch.
   *
   * @param intervalMs How long it must be quiet, in milliseconds.
   * @param onQuiet Called after each quiet interval; it may stop the timer.
   */
  constructor(intervalMs: number, onQuiet: () => void) {
    this.#intervalMs = intervalMs;
    this.#onQuiet = onQuiet;
    this.#wait(intervalMs);
  }

  /** Notes activity. */
  active(): void {
    this.#activeAt = Date.now();
  }

  /** Stops to watch. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(waitMs: number): void {
    this.#timer = setTimeout(() => {
      const quietMs = Math.max(0, Date.now() - this.#activeAt); // a clock may be set back
      if (quietMs < this.#intervalMs) return this.#wait(this.#intervalMs - quietMs);
      this.#wait(this.#intervalMs); // first, so that the callback can stop it
      this.#onQuiet();
    }, waitMs);
  }
}
