/**
 * Starting and stopping, in whatever order the two are called.
 *
 * @module
 */

/** How to start and stop something. */
export interface LifecycleOptions<Started, Stopped> {
  /** What it is, for errors: `"ops listener"`. */
  readonly name: string;
  /** Starts it. If this rejects, `close` releases what was opened before the failure. */
  readonly open: () => Promise<Started>;
  /**
   * Releases everything, whether it was opened or not. Called at most once, with the time limit of
   * {@linkcode Lifecycle.stop} in milliseconds; without one after a failed start.
   */
  readonly close: (timeoutMs?: number) => Promise<Stopped>;
}

/**
 * Starts something at most once and stops it at most once.
 *
 * A stop waits for a start that is under way, so that nothing opens after the stop. A start that
 * fails leaves nothing open. What was stopped cannot be started again.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Lifecycle } from "./lifecycle.ts";
 *
 * const calls: string[] = [];
 * const lifecycle = new Lifecycle({
 *   name: "example",
 *   open: async () => void calls.push("open"),
 *   close: async () => void calls.push("close"),
 * });
 * const started = lifecycle.start();
 * await Promise.all([lifecycle.stop(), lifecycle.stop(), started]);
 * assertEquals(calls, ["open", "close"]);
 * ```
 */
export class Lifecycle<Started, Stopped> {
  readonly #options: LifecycleOptions<Started, Stopped>;
  #opening: Promise<Started> | undefined;
  #closing: Promise<Stopped> | undefined;

  /** Creates the lifecycle of something that is not started. */
  constructor(options: LifecycleOptions<Started, Stopped>) {
    this.#options = options;
  }

  /** Whether {@linkcode Lifecycle.stop} was called, or a start has failed. */
  get stopped(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Starts it.
   *
   * @throws {TypeError} If it was started or stopped before.
   * @throws What `open` rejects with, once everything is closed again.
   */
  async start(): Promise<Started> {
    const { name, open } = this.#options;
    if (this.#opening !== undefined) throw new TypeError(`Cannot start the ${name} twice`);
    if (this.stopped) throw new TypeError(`Cannot start the ${name} after it was stopped`);
    this.#opening = open();
    try {
      return await this.#opening;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops it. Calling it again returns the first call's promise. */
  stop(timeoutMs?: number): Promise<Stopped> {
    return this.#closing ??= this.#stop(timeoutMs);
  }

  async #stop(timeoutMs: number | undefined): Promise<Stopped> {
    await this.#opening?.catch(() => {}); // start() reports the failure
    return await this.#options.close(timeoutMs);
  }
}
