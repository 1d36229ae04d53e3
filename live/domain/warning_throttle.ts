/**
 * Warnings that would repeat with every failed attempt.
 *
 * @module
 */

import type { Logger } from "./logger.ts";

/** The shortest time between two equal warnings, in milliseconds. */
const INTERVAL_MS = 60_000;

/** Logs a warning once a minute and reason; repetitions are logged at debug level. */
export class WarningThrottle {
  readonly #logger: Logger;
  /** When each warning was logged, in milliseconds since the epoch. */
  readonly #loggedAt = new Map<string, number>();

  /** Creates a throttle that has logged nothing yet. */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Logs a warning with its reason. */
  warn(message: string, reason: string): void {
    const now = Date.now();
    for (const [warning, loggedAt] of this.#loggedAt) {
      if (Math.abs(now - loggedAt) >= INTERVAL_MS) this.#loggedAt.delete(warning); // a clock may be set back
    }
    const warning = `${message}: ${reason}`;
    if (this.#loggedAt.has(warning)) return this.#logger.debug(message, { reason });
    this.#loggedAt.set(warning, now);
    this.#logger.warn(message, { reason });
  }

  /** Forgets what was logged, so that the next warning is logged at once. */
  reset(): void {
    this.#loggedAt.clear();
  }
}
