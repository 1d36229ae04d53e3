/**
 * Logging an outage once.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";

/** Options of an {@linkcode OutageLog}. */
export interface OutageLogOptions {
  /**
   * The outage counts as over after this time without a failed check, in milliseconds. By then every
   * session should have been checked.
   */
  readonly quietMs: number;
  /** Logs the start and the end of an outage. */
  readonly logger: Logger;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/**
 * Logs when sessions cannot be checked, and when they can be checked again. An outage costs two lines,
 * however many sessions and checks it affects.
 */
export class OutageLog {
  readonly #options: OutageLogOptions;
  #since: number | undefined;
  #lastFailureAt = 0;

  /** Creates a log without an outage. */
  constructor(options: OutageLogOptions) {
    this.#options = options;
  }

  /** Records that a session could not be checked. */
  failed(reason: string): void {
    const { logger, now } = this.#options;
    this.#lastFailureAt = now();
    if (this.#since !== undefined) return;
    this.#since = this.#lastFailureAt;
    logger.warn("sessions cannot be revalidated and stay connected", { reason });
  }

  /** Records that a session was checked. */
  succeeded(): void {
    const { logger, now, quietMs } = this.#options;
    if (this.#since === undefined || now() - this.#lastFailureAt < quietMs) return;
    logger.info("sessions are revalidated again", { afterMs: Math.round(now() - this.#since) });
    this.#since = undefined;
  }
}
