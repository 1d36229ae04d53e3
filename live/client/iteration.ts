/**
 * Loops over a subscription, which wait for its next item.
 *
 * @module
 */

import type { LiveError } from "./error.ts";

/** Yields a source's items in loops, which wait while there is none, until the source ends. */
export class Iteration<Item> {
  readonly #next: () => Item | undefined;
  #end: { readonly error: LiveError | undefined } | undefined;
  /** Resolves when there may be an item; `undefined` while no loop waits. */
  #changed: Promise<void> | undefined;
  /** Resolves `#changed`. ES2022 lacks `Promise.withResolvers()`. */
  #resolve: () => void = () => {};

  /**
   * Creates the iteration of a source.
   *
   * @param next Takes the next item, if there is one. Loops share the items.
   */
  constructor(next: () => Item | undefined) {
    this.#next = next;
  }

  /** Whether the source has ended. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Wakes the loops, because there may be an item. */
  wake(): void {
    this.#resolve();
    this.#changed = undefined;
  }

  /** Ends the loops once they have taken all items; an error makes them throw. A second call does nothing. */
  end(error?: LiveError): void {
    this.#end ??= { error };
    this.wake();
  }

  /** Yields the items. */
  async *items(): AsyncGenerator<Item, void> {
    while (true) {
      const item = this.#next();
      if (item !== undefined) yield item;
      else if (this.#end?.error !== undefined) throw this.#end.error;
      else if (this.#end !== undefined) return;
      else await (this.#changed ??= new Promise((resolve) => this.#resolve = resolve));
    }
  }
}
