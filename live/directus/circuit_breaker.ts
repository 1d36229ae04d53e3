/**
 * A circuit breaker: holds back calls to Directus while Directus fails or asks for a pause.
 *
 * @module
 */

import type { Unavailable } from "../domain/authority.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import { FailureWindow, WINDOW_MS } from "./failure_window.ts";

/** What a circuit breaker needs. */
export interface CircuitBreakerOptions {
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
  /** Directus wants no calls for this long (429). */
  | { readonly kind: "rate-limited"; readonly retryAfterMs: number }
  | { readonly kind: "inconclusive" };

/** Permission to make one call. */
export interface Permit {
  /** Tells the union's members apart. */
  readonly kind: "permit";
  /** Reports the call's result. Must be called once, even if the call was not made. */
  readonly settle: (result: CallResult) => void;
}

/** How long the breaker stays open the first time and at most, in milliseconds. */
const MIN_OPEN_MS = 1_000;
const MAX_OPEN_MS = 30_000;

/**
 * Opens when half of the recent calls failed, for one second. Then it is half-open: one trial call
 * goes out, whose success closes the breaker and whose failure opens it for twice as long, up to 30
 * seconds. A breaker that opens again soon after it closed also doubles its time, so that a Directus
 * that comes and goes is not hammered.
 *
 * A 429 is not a failure but a pause: all calls obey its `Retry-After`, because Directus counts
 * requests by IP address and all users share the server's.
 *
 * There are no timers: the next call notices that the time is over.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #window: FailureWindow;
  #state: "closed" | "open" | "half-open" = "closed";
  /** Number of times that it opened. Results of calls from before the last time are outdated. */
  #generation = 0;
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
    this.#window = new FailureWindow(options.now);
  }

  /**
   * Asks for permission to make a call.
   *
   * @param source Whose call it is, see {@linkcode FailureWindow.add}.
   * @returns A permit, or the rejection.
   */
  acquire(source: string): Permit | Unavailable {
    if (this.isHoldingBack || this.#state === "half-open") return this.rejection();
    if (this.#state === "open") this.#state = "half-open";
    else this.#resume(); // the pause of a 429 may just have ended
    const generation = this.#generation;
    return { kind: "permit", settle: (result) => this.#settle(result, generation, source) };
  }

  /** Whether no call may go out now, not even one that already has a permit. */
  get isHoldingBack(): boolean {
    return this.#remainingMs() > 0;
  }

  /**
   * Returns the answer for a call that is held back. Each gets its own random delay, but none before
   * calls may go out again.
   */
  rejection(): Unavailable {
    const remainingMs = Math.max(
      this.#remainingMs(),
      this.#state === "half-open" ? MIN_OPEN_MS : 0,
    );
    const jitterMs = this.#options.random() * (MIN_OPEN_MS + remainingMs / 2);
    return {
      kind: "unavailable",
      reason: `calls to Directus are held back: ${this.#reason}`,
      retryAfterMs: Math.ceil(remainingMs + jitterMs),
    };
  }

  #remainingMs(): number {
    return Math.max(this.#pausedUntil, this.#openUntil) - this.#options.now();
  }

  #settle(result: CallResult, generation: number, source: string): void {
    if (generation === this.#generation) this.#evaluate(result, source);
    if (result.kind !== "rate-limited") return;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.now() + result.retryAfterMs);
    this.#holdBack("status 429");
  }

  #evaluate(result: CallResult, source: string): void {
    const isTrial = this.#state === "half-open";
    if (isTrial) this.#state = "open"; // another call may try, unless this one succeeded
    if (result.kind === "success") {
      if (isTrial) this.#close();
      else this.#window.add({ failed: false, source });
    } else if (result.kind === "failure") {
      if (isTrial) return this.#open(result.reason, true);
      this.#window.add({ failed: true, source });
      const isSoon = this.#options.now() - this.#closedAt < WINDOW_MS;
      if (this.#window.isFailing) this.#open(result.reason, isSoon);
    }
  }

  #open(reason: string, isLonger: boolean): void {
    const { now, random } = this.#options;
    this.#state = "open";
    this.#generation++;
    this.#openMs = isLonger ? Math.min(2 * this.#openMs, MAX_OPEN_MS) : MIN_OPEN_MS;
    // Up to a quarter less, so that several servers do not try at the same time.
    this.#openUntil = now() + this.#openMs * (1 - random() / 4);
    this.#holdBack(reason);
  }

  #close(): void {
    this.#state = "closed";
    this.#closedAt = this.#options.now();
    this.#window.clear();
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
