/**
 * A count of what has begun and not ended yet.
 *
 * @module
 */

/** Counts what is in flight, and lets a drain wait for it. */
export class InFlight {
  readonly #ends = new Set<Promise<void>>();

  /** How many are in flight. */
  get size(): number {
    return this.#ends.size;
  }

  /** Begins one. Returns the function that ends it; a second call of that does nothing. */
  begin(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ends.add(promise);
    return () => {
      this.#ends.delete(promise);
      resolve();
    };
  }

  /** Resolves once everything that is in flight now has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#ends);
  }
}
