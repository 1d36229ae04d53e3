/**
 * A timer for connections that may fall silent.
 *
 * @module
 */

/**
 * Calls back after each interval without activity.
 *
 * Activity only notes the time. The timer runs to its end and then checks how long ago that was,
 * which is cheaper than a new timer for each frame.
 */
export class QuietTimer {
  readonly #intervalMs: number;
  readonly #onQuiet: () => void;
  #activeAt = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts the timer.
   *
   * @param intervalMs How long the silence must last, in milliseconds.
   * @param onQuiet Called after each silent interval; it may stop the timer.
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

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(waitMs: number): void {
    this.#timer = setTimeout(() => {
      const now = Date.now();
      this.#activeAt = Math.min(this.#activeAt, now); // the clock may have been set back
      const leftMs = this.#activeAt + this.#intervalMs - now;
      if (leftMs > 0) return this.#wait(leftMs);
      this.#wait(this.#intervalMs); // first, so that the callback can stop it
      this.#onQuiet();
    }, waitMs);
  }
}
