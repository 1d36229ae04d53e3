/**
 * The longest time to wait.
 *
 * @module
 */

/** A point in time until which to wait. Its timer is cleared when it is disposed of. */
export class Deadline implements Disposable {
  /** Its whole length, in milliseconds. */
  readonly timeoutMs: number;
  readonly #reached: Promise<void>;
  readonly #timer: ReturnType<typeof setTimeout>;

  /** Creates a deadline this many milliseconds from now. */
  constructor(timeoutMs: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.timeoutMs = timeoutMs;
    this.#reached = promise;
    this.#timer = setTimeout(resolve, timeoutMs);
  }

  /**
   * Waits for a promise, but not past the deadline. Rejects if the promise rejects before it.
   *
   * @returns Whether the promise resolved in time.
   */
  async wait(promise: Promise<unknown> | undefined): Promise<boolean> {
    return await Promise.race([
      Promise.resolve(promise).then(() => true),
      this.#reached.then(() => false),
    ]);
  }

  /** Clears the timer. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
