/**
 * Waiting for events without polling.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Values that a consumer takes in order, waiting for the next one if there is none yet. */
export class Queue<T> {
  readonly #values: T[] = [];
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  #end: { readonly reason: Error } | undefined;

  /** Number of values that were not taken yet. */
  get size(): number {
    return this.#values.length;
  }

  /** Adds a value. */
  push(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#values.push(value);
    else waiting.resolve(value);
  }

  /** Ends the queue: once it is empty, {@linkcode next} rejects with this reason. */
  end(reason: Error): void {
    this.#end ??= { reason };
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#end.reason);
  }

  /** Takes the next value; rejects if none will follow. */
  next(): Promise<T> {
    const values = this.#values.splice(0, 1);
    if (values.length > 0) return Promise.resolve(values[0] as T);
    if (this.#end !== undefined) return Promise.reject(this.#end.reason);
    const waiting = Promise.withResolvers<T>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }
}

/** Resolves promises once their condition on some state holds. */
export class Watch {
  readonly #waiting = new Set<() => void>();

  /** Resolves once a condition holds. */
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

  /** Checks all pending conditions, because the state has changed. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** Resolves after one turn of the event loop, when everything that was ready has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
