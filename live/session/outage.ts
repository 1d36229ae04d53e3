/**
 * Telling of an outage once.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";

/** What telling of an outage needs. */
export interface OutageOptions {
  /** It is over when nothing failed for so many milliseconds: by then all were asked about. */
  readonly quietMs: number;
  /** Told when it begins, and when it is over. */
  readonly logger: Logger;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
}

/** A time in which sessions cannot be asked about, however many of them that concerns. */
export class Outage {
  readonly #options: OutageOptions;
  #since: number | undefined;
  #lastAt = 0;

  /** Creates it; there is none yet. */
  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** Notes that a session could not be asked about, and why. */
  failed(reason: string): void {
    const { logger, now } = this.#options;
    this.#lastAt = now();
    if (this.#since !== undefined) return;
    this.#since = this.#lastAt;
    logger.warn("sessions cannot be checked again, and stay", { reason });
  }

  /** Notes that a session could be asked about. */
  succeeded(): void {
    const { logger, now, quietMs } = this.#options;
    if (this.#since === undefined || now() - this.#lastAt < quietMs) return;
    logger.info("sessions are checked again", { afterMs: Math.round(now() - this.#since) });
    this.#since = undefined;
  }
}
