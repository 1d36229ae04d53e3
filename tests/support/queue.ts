/**
 * Waiting for what happens, without looking again and again.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Hands over values in their order to whoever waits for them. */
export class Queue<T> {
  readonly #values: T[] = [];
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  #end: { readonly reason: Error } | undefined;

  /** How many values nobody has taken yet. */
  get size(): number {
    return this.#values.length;
  }

  /** Adds a value. */
  push(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#values.push(value);
    else waiting.resolve(value);
  }

  /** Says that no value will follow: whoever waits for one is told why. */
  end(reason: Error): void {
    this.#end ??= { reason };
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#end.reason);
  }

  /** Resolves to the next value; rejects if there will be none. */
  next(): Promise<T> {
    const values = this.#values.splice(0, 1);
    if (values.length > 0) return Promise.resolve(values[0] as T);
    if (this.#end !== undefined) return Promise.reject(this.#end.reason);
    const waiting = Promise.withResolvers<T>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }
}

/** Resolves promises once a state that it is told of has come about. */
export class Watch {
  readonly #waiting = new Set<() => void>();

  /** Resolves once a condition holds; at once if it does. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (!condition()) return;
      this.#waiting.delete(look);
      resolve();
    };
    this.#waiting.add(look);
    return promise;
  }

  /** Looks at every condition that is waited for, as something has changed. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** Resolves once the event loop has had a turn: what was ready by now has happened. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
