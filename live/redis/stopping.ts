/**
 * The end of something that runs until it is told to stop.
 *
 * @module
 */

/** Says whether to stop, and cuts waits short when it is time. */
export class Stopping {
  readonly #told = Promise.withResolvers<void>();
  #stopped = false;

  /** Whether it is time to stop. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Resolves when it is time to stop. */
  get told(): Promise<void> {
    return this.#told.promise;
  }

  /** Tells that it is time. */
  stop(): void {
    this.#stopped = true;
    this.#told.resolve();
  }

  /** Resolves after so many milliseconds, or when it is time to stop. */
  async pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const passed = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
    await Promise.race([passed, this.#told.promise]);
    clearTimeout(timer);
  }
}
