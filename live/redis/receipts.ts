/**
 * Receipts of what was sent to all instances.
 *
 * @module
 */

import { Deadline } from "../domain/deadline.ts";

/** Collects the receipts of one message. They may arrive before it is known how many are due. */
export class Receipts {
  readonly #complete = Promise.withResolvers<void>();
  #count = 0;
  #due = Infinity;
  #trouble: string | undefined;

  /** Why an instance could not do all of it, if so. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Takes a receipt; with a text if the instance could not do all of it. */
  take(trouble: string): void {
    this.#count++;
    if (trouble !== "") this.#trouble = trouble;
    this.#check();
  }

  /**
   * Waits until all have arrived, but not too long, and not on a lost connection.
   *
   * @returns How many are missing.
   */
  async missing(due: number, timeoutMs: number, lost: Promise<unknown>): Promise<number> {
    this.#due = due;
    this.#check();
    using deadline = new Deadline(timeoutMs);
    await deadline.wait(Promise.race([this.#complete.promise, lost]));
    return Math.max(0, due - this.#count);
  }

  #check(): void {
    if (this.#count >= this.#due) this.#complete.resolve();
  }
}
