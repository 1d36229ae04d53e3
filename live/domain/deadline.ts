/**
 * How long to wait at most.
 *
 * @module
 */

/** A moment after which nobody waits any more. Its timer ends when it is disposed of. */
export class Deadline implements Disposable {
  readonly #reached: Promise<void>;
  readonly #timer: ReturnType<typeof setTimeout>;

  /** Begins to run; it is reached after so many milliseconds. */
  constructor(timeoutMs: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reached = promise;
    this.#timer = setTimeout(resolve, timeoutMs);
  }

  /** Resolves once a promise has resolved, or at the deadline; rejects if the promise does first. */
  async wait(promise: Promise<unknown> | undefined): Promise<void> {
    await Promise.race([promise, this.#reached]);
  }

  /** Ends the timer. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
