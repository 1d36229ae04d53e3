/**
 * A circuit breaker: holds back calls to Directus while Directus fails or asks for a pause.
 *
 * @module
 */

import type { Unavailable } from "../domain/authority.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";

/** What a circuit breaker needs. */
export interface CircuitBreakerOptions {
  /**
   * Asks Directus a question that does not depend on any client, and calls `settle` once with the
   * result.
   */
  readonly probe: (settle: (result: CallResult) => void) => void;
  /** Called whenever the breaker starts, or extends, holding calls back. */
  readonly onHoldBack: () => void;
  /** Records whether calls are held back. */
  readonly metrics: Metrics;
  /** Logs when calls are held back, and when they resume. */
  readonly logger: Logger;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
}

/** What a call showed about Directus's health. */
export type CallResult =
  | { readonly kind: "success" }
  | { readonly kind: "failure"; readonly reason: string }
  /** Directus asks for a pause of this length (429). */
  | { readonly kind: "rate-limited"; readonly retryAfterMs: number }
  | { readonly kind: "inconclusive" };

/** After this many failures in a row, Directus is suspected to be down. */
const MIN_FAILURES = 5;

/** How long the breaker stays open the first time and at most, in milliseconds. */
const MIN_OPEN_MS = 1_000;
const MAX_OPEN_MS = 30_000;

/** A breaker that opens within this time after it closed stays open for longer, in milliseconds. */
const RELAPSE_MS = 10_000;

/**
 * It opens only while nothing succeeds: five calls in a row and a probe have failed. The probe asks
 * Directus the server's own question. Clients choose what they ask, and some questions always fail, such as
 * an id that the database cannot read. However many of these a client sends, the probe succeeds, and the
 * calls of other clients go out.
 *
 * It is open for one second. Then it is half-open: one call goes out together with another probe. If either
 * succeeds, the breaker closes. If the probe fails, the breaker opens for twice as long, up to 30 seconds.
 * A breaker that opens again soon after it closed also doubles its time. Otherwise an unstable Directus
 * would be overloaded again each time that it comes back.
 *
 * A 429 is not a failure but a pause: all calls obey its `Retry-After`, because Directus counts
 * requests by IP address and all users share the server's.
 *
 * There are no timers: the next call notices that the time is over.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #isOpen = false;
  #isProbing = false;
  /** Calls that failed since the last success or probe. */
  #failures = 0;
  /** Successes so far. A probe is outdated once this number has changed. */
  #successes = 0;
  #openMs = 0;
  #openUntil = -Infinity;
  #closedAt = -Infinity;
  /** End of the pause that a 429 asked for. */
  #pausedUntil = -Infinity;
  /** Since when calls are held back; `undefined` while they are not. */
  #heldBackSince: number | undefined;
  #reason = "";

  /** Creates a closed breaker. */
  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** Returns why a call may not be made now; `undefined` if it may. Its result must be recorded. */
  check(): Unavailable | undefined {
    if (this.isHoldingBack || (this.#isOpen && this.#isProbing)) return this.rejection();
    if (this.#isOpen) this.#probe();
    else this.#resume(); // a pause after a 429 may just have ended
    return undefined;
  }

  /**
   * Whether no call may go out now. It also applies to calls that were allowed earlier and have waited in
   * the queue.
   */
  get isHoldingBack(): boolean {
    return this.#remainingMs() > 0;
  }

  /**
   * Returns the answer for a call that is held back. Each gets its own random delay, which ends after calls
   * may go out again.
   */
  rejection(): Unavailable {
    const remainingMs = this.isHoldingBack ? this.#remainingMs() : MIN_OPEN_MS; // otherwise half-open
    const jitterMs = this.#options.random() * (MIN_OPEN_MS + remainingMs / 2);
    return {
      kind: "unavailable",
      reason: `calls to Directus are held back: ${this.#reason}`,
      retryAfterMs: Math.ceil(remainingMs + jitterMs),
    };
  }

  /** Records the result of a call. */
  record(result: CallResult): void {
    switch (result.kind) {
      case "success":
        this.#successes++;
        this.#failures = 0;
        if (this.#isOpen) this.#close();
        break;
      case "failure":
        this.#failures++;
        if (this.#failures >= MIN_FAILURES && !this.#isOpen && !this.#isProbing) this.#probe();
        break;
      case "rate-limited":
        this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.now() + result.retryAfterMs);
        this.#holdBack("status 429");
        break;
      case "inconclusive":
        break;
    }
  }

  /** Opens the breaker if a probe fails, and nothing else succeeds meanwhile. */
  #probe(): void {
    const successes = this.#successes;
    this.#isProbing = true;
    this.#options.probe((result) => {
      this.#isProbing = false;
      this.#failures = 0;
      if (result.kind !== "failure") this.record(result);
      else if (successes === this.#successes) this.#open(result.reason);
    });
  }

  #remainingMs(): number {
    return Math.max(this.#pausedUntil, this.#openUntil) - this.#options.now();
  }

  #open(reason: string): void {
    const { now, random } = this.#options;
    const isLonger = this.#isOpen || now() - this.#closedAt < RELAPSE_MS;
    this.#isOpen = true;
    this.#openMs = isLonger ? Math.min(2 * this.#openMs, MAX_OPEN_MS) : MIN_OPEN_MS;
    // Up to a quarter shorter, so that several servers do not try at the same time.
    this.#openUntil = now() + this.#openMs * (1 - random() / 4);
    this.#holdBack(reason);
  }

  #close(): void {
    this.#isOpen = false;
    this.#openUntil = -Infinity;
    this.#closedAt = this.#options.now();
    if (!this.isHoldingBack) this.#resume();
  }

  #holdBack(reason: string): void {
    const { now, metrics, logger, onHoldBack } = this.#options;
    this.#reason = reason;
    const forMs = Math.ceil(this.#remainingMs());
    if (this.#heldBackSince === undefined) {
      this.#heldBackSince = now();
      metrics.directusCircuitOpen(true);
      logger.warn("calls to Directus are held back", { reason, forMs });
    } else {
      logger.debug("calls to Directus are still held back", { reason, forMs });
    }
    onHoldBack();
  }

  #resume(): void {
    if (this.#heldBackSince === undefined) return;
    const { now, metrics, logger } = this.#options;
    const afterMs = Math.round(now() - this.#heldBackSince);
    this.#heldBackSince = undefined;
    metrics.directusCircuitOpen(false);
    logger.info("calls to Directus resume", { afterMs });
  }
}
