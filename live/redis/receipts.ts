/**
 * Receipts for messages that were sent to all instances.
 *
 * @module
 */

import { Deadline } from "../domain/deadline.ts";

/** Collects the receipts for one message. They may arrive before the number of receivers is known. */
export class Receipts {
  readonly #complete = Promise.withResolvers<void>();
  #count = 0;
  #due = Infinity;
  #trouble: string | undefined;

  /** Why an instance could not carry the message out completely, if that happened. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Takes a receipt; its text is not empty if the instance could not carry the message out completely. */
  take(trouble: string): void {
    this.#count++;
    if (trouble !== "") this.#trouble = trouble;
    this.#check();
  }

  /**
   * Waits until all have arrived, the time is over, or the connection is lost.
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
