/**
 * Whether calls to Directus may go out: not while it fails, and not before it asked for.
 *
 * @module
 */

import type { Unavailable } from "../domain/authority.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import { FailureWindow, WINDOW_MS } from "./failure_window.ts";

/** What a breaker needs. */
export interface BreakerOptions {
  /** Called whenever calls begin to be held back, with what whoever waits is to be told. */
  readonly onHold: (answer: () => Unavailable) => void;
  /** Told whether calls are held back. */
  readonly metrics: Metrics;
  /** Told when calls begin to be held back, and when they go on. */
  readonly logger: Logger;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
}

/**
 * What a call said of Directus: that it works, that it is out of order, that it wants no calls for
 * a while, or nothing.
 */
export type Outcome =
  | { readonly kind: "ok" }
  | { readonly kind: "fault"; readonly reason: string }
  | { readonly kind: "limited"; readonly retryAfterMs: number }
  | { readonly kind: "none" };

/** Leave to make one call. */
export interface Permit {
  /** Tells the union's members apart. */
  readonly kind: "permit";
  /** Says what came of the call; must be called once, whatever came of it. */
  readonly settle: (outcome: Outcome) => void;
}

/** How long it is open the first time and at most, in milliseconds. */
const OPEN_MS = 1_000;
const MAX_OPEN_MS = 30_000;

/**
 * Holds calls back when Directus fails: it opens when half of the recent calls failed, for a
 * second; then one call may try, whose success closes it and whose failure opens it for twice as
 * long, up to half a minute. What opens again soon after it closed flaps, and stays open for
 * longer as well.
 *
 * A 429 is no fault, but a pause: it is obeyed to the millisecond, by all calls, as Directus counts
 * by address.
 *
 * There are no timers: what is over is noticed when the next call asks.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #window: FailureWindow;
  /** Rises when it opens; what a call of an earlier one says is old. */
  #era = 0;
  /** When a call may try; `undefined` while it is closed. */
  #openUntil: number | undefined;
  #openMs = 0;
  #closedAt = -Infinity;
  #pausedUntil = -Infinity;
  /** Whether a call is trying. */
  #trying = false;
  /** Since when calls are held back; `undefined` while they are not. */
  #heldSince: number | undefined;
  #reason = "";

  /** Creates a closed breaker. */
  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#window = new FailureWindow(options.now);
  }

  /**
   * Asks for leave to make a call.
   *
   * @param source Whose call it is: see {@linkcode FailureWindow.add}.
   * @returns A permit, or what to answer instead.
   */
  ask(source: string): Permit | Unavailable {
    if (this.isHolding() || this.#trying) return this.refusal();
    if (this.#openUntil === undefined) this.#goOn(); // in case a pause is over
    else this.#trying = true;
    const era = this.#era;
    return { kind: "permit", settle: (outcome) => this.#settle(outcome, era, source) };
  }

  /** Tells whether no call may go out now, not even one that has a permit. */
  isHolding(): boolean {
    return this.#remainsMs() > 0;
  }

  /**
   * Returns what to answer while calls are held back: when to come back is another time for each,
   * but never before calls may go out.
   */
  refusal(): Unavailable {
    const remainsMs = Math.max(this.#remainsMs(), this.#trying ? OPEN_MS : 0);
    const spreadMs = this.#options.random() * (OPEN_MS + remainsMs / 2);
    return {
      kind: "unavailable",
      reason: `calls to Directus are held back: ${this.#reason}`,
      retryAfterMs: Math.ceil(remainsMs + spreadMs),
    };
  }

  #remainsMs(): number {
    return Math.max(this.#pausedUntil, this.#openUntil ?? -Infinity) - this.#options.now();
  }

  #settle(outcome: Outcome, era: number, source: string): void {
    if (era === this.#era) this.#judge(outcome, source);
    if (outcome.kind !== "limited") return;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.now() + outcome.retryAfterMs);
    this.#hold("status 429");
  }

  #judge(outcome: Outcome, source: string): void {
    this.#trying = false;
    if (this.#openUntil !== undefined) {
      if (outcome.kind === "ok") this.#close();
      if (outcome.kind === "fault") this.#open(outcome.reason, true);
    } else if (outcome.kind === "ok" || outcome.kind === "fault") {
      this.#window.add(outcome.kind === "fault", source);
      if (outcome.kind === "ok" || !this.#window.isBad) return;
      this.#open(outcome.reason, this.#options.now() - this.#closedAt < WINDOW_MS);
    }
  }

  #open(reason: string, isAgain: boolean): void {
    const { now, random } = this.#options;
    this.#era++;
    this.#openMs = isAgain ? Math.min(2 * this.#openMs, MAX_OPEN_MS) : OPEN_MS;
    // Up to a quarter less, so that several servers do not try at the same time.
    this.#openUntil = now() + this.#openMs * (1 - random() / 4);
    this.#hold(reason);
  }

  #close(): void {
    this.#openUntil = undefined;
    this.#closedAt = this.#options.now();
    this.#window.clear();
    if (!this.isHolding()) this.#goOn();
  }

  #hold(reason: string): void {
    const { now, metrics, logger, onHold } = this.#options;
    this.#reason = reason;
    const forMs = Math.ceil(this.#remainsMs());
    if (this.#heldSince === undefined) {
      this.#heldSince = now();
      metrics.directusHeldBack(true);
      logger.warn("calls to Directus are held back", { reason, forMs });
    } else {
      logger.debug("calls to Directus are still held back", { reason, forMs });
    }
    onHold(() => this.refusal());
  }

  #goOn(): void {
    if (this.#heldSince === undefined) return;
    const { now, metrics, logger } = this.#options;
    const afterMs = Math.round(now() - this.#heldSince);
    this.#heldSince = undefined;
    metrics.directusHeldBack(false);
    logger.info("calls to Directus go on", { afterMs });
  }
}
