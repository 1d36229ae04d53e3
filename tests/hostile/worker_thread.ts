/**
 * Threads that answer each message with one message.
 *
 * @module
 */

/** A thread that answers each message with one message. */
export class WorkerThread implements Disposable {
  readonly #path: string;
  readonly #worker: Worker;

  /** Starts a module of this folder in a thread. */
  constructor(path: string) {
    this.#path = path;
    this.#worker = new Worker(new URL(path, import.meta.url), { type: "module" });
  }

  /**
   * Sends a message and resolves to the answer.
   *
   * @throws {Error} If the thread fails.
   */
  ask<T>(message: unknown): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#worker.onmessage = ({ data }) => resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`${this.#path} failed: ${event.message}`));
    };
    this.#worker.postMessage(message);
    return promise;
  }

  /** Ends the thread and its connections. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
