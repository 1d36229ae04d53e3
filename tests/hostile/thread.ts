/**
 * Threads that answer what they are told.
 *
 * @module
 */

/** A thread that answers each message with one. */
export class Thread implements Disposable {
  readonly #name: string;
  readonly #worker: Worker;

  /**
   * Starts a thread.
   *
   * @param path Its module, beside this one.
   */
  constructor(path: string) {
    this.#name = path;
    this.#worker = new Worker(new URL(path, import.meta.url), { type: "module" });
  }

  /**
   * Tells it something and resolves to its answer.
   *
   * @throws {Error} If it fails, or says nothing in time.
   */
  ask<T>(message: unknown, withinMs: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const timer = setTimeout(
      () => reject(new Error(`${this.#name} says nothing for ${withinMs} ms`)),
      withinMs,
    );
    this.#worker.onmessage = ({ data }) => resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`${this.#name} failed: ${event.message}`));
    };
    this.#worker.postMessage(message);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Ends it, and its connections. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
