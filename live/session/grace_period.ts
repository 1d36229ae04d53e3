/**
 * How long a session may stay connected while it cannot be checked.
 *
 * @module
 */

/** The results of a session's checks. */
export interface CheckRecord {
  /** When it was last confirmed. If it never was, when it connected. */
  confirmedAt: number;
  /** Checks in a row that failed although others were confirmed since the check before. */
  failures: number;
  /** How many confirmations of all sessions there had been when this session was last checked. */
  confirmationsSeen: number;
}

/** Options of a {@linkcode GracePeriod}. */
export interface GracePeriodOptions {
  /** How long a session may go unconfirmed, in milliseconds; 0 is for ever. */
  readonly graceMs: number;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** How many checks of one session may fail in a row while others are confirmed. */
const MAX_FAILURES = 10;

/**
 * Decides when a session must end because Directus could not be asked about it for too long. Without this
 * limit, a user who has logged out would keep receiving messages for as long as Directus fails.
 *
 * During an outage no session can be confirmed, and each keeps its connections for the grace period. A
 * session whose checks fail while others are confirmed has only ten checks, because its user may have found
 * a way to make Directus fail.
 */
export class GracePeriod {
  readonly #options: GracePeriodOptions;
  #confirmations = 0;

  /** Creates a grace period without sessions. */
  constructor(options: GracePeriodOptions) {
    this.#options = options;
  }

  /** Returns the record of a session that has just connected, and so was confirmed. */
  begin(): CheckRecord {
    const { now } = this.#options;
    return { confirmedAt: now(), failures: 0, confirmationsSeen: this.#confirmations };
  }

  /** Notes that a session was confirmed. */
  confirm(record: CheckRecord): void {
    this.#confirmations++;
    Object.assign(record, this.begin());
  }

  /** Notes that a session could not be checked. Returns whether it must end. */
  fail(record: CheckRecord): boolean {
    const { graceMs, now } = this.#options;
    if (record.confirmationsSeen < this.#confirmations) record.failures++;
    record.confirmationsSeen = this.#confirmations;
    const isOver = graceMs > 0 && now() - record.confirmedAt >= graceMs;
    return isOver || record.failures >= MAX_FAILURES;
  }
}
