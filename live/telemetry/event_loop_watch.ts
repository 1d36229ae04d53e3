/**
 * Measuring the delay of the event loop.
 *
 * @module
 */

import type { Metrics } from "../domain/metrics.ts";

/** What the watch needs. */
export interface EventLoopWatchOptions {
  /** Takes the delays. */
  readonly metrics: Pick<Metrics, "eventLoopDelay">;
  /** Monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** How often the delay is measured, in milliseconds. */
const INTERVAL_MS = 100;

/**
 * Measures how much later than planned a timer fires. Messages, pongs and health checks wait as long. If
 * the loop is blocked for longer than the interval, the watch always notices it.
 */
export class EventLoopWatch {
  readonly #options: EventLoopWatchOptions;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Creates a watch that measures nothing before {@linkcode start}. */
  constructor(options: EventLoopWatchOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Starts to measure. */
  start(): void {
    this.stop();
    const dueAt = this.#now() + INTERVAL_MS;
    this.#timer = setTimeout(() => {
      this.#options.metrics.eventLoopDelay(Math.max(0, this.#now() - dueAt));
      this.start();
    }, INTERVAL_MS);
  }

  /** Stops. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
