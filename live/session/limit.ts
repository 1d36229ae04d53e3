/**
 * At most so many things at a time.
 *
 * @module
 */

/** Runs tasks, some at a time, in the order in which they come. */
export class Limit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** Creates a limit under which so many tasks run at a time. */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Runs a task when it is its turn; resolves or rejects as it does. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
