/**
 * A circuit breaker on a clock that the test moves, and results of calls.
 *
 * @module
 */

import { type CallResult, CircuitBreaker } from "../../live/directus/circuit_breaker.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";

export const success: CallResult = { kind: "success" };
export const failure: CallResult = { kind: "failure", reason: "status 500" };
export const inconclusive: CallResult = { kind: "inconclusive" };
/** Returns the result of a call that Directus answers with 429. */
export function rateLimited(retryAfterMs: number): CallResult {
  return { kind: "rate-limited", retryAfterMs };
}

/** A breaker on a clock that the test moves. Probes fail unless the test says otherwise. */
export class BreakerSetup {
  now = 0;
  random = 0;
  /** The result of probes. */
  probed: CallResult | Promise<CallResult> = failure;
  /** Probes so far. */
  probes = 0;
  readonly metrics = new RecordingMetrics();
  readonly logger = new RecordingLogger();
  /** Delay of a queued call, each time that calls began to be held back. */
  readonly holds: number[] = [];
  readonly breaker: CircuitBreaker = new CircuitBreaker({
    probe: async (settle) => {
      this.probes++;
      settle(await this.probed);
    },
    onHoldBack: () => void this.holds.push(this.breaker.rejection().retryAfterMs),
    metrics: this.metrics,
    logger: this.logger,
    now: () => this.now,
    random: () => this.random,
  });

  /** Makes calls with these results, one after the other; those that are held back are not made. */
  async call(...results: CallResult[]): Promise<void> {
    for (const result of results) {
      if (this.breaker.check() === undefined) this.breaker.record(result);
      await settled();
    }
  }

  /** Asks for a call whose result is inconclusive; returns its delay if it is held back. */
  async delayMs(): Promise<number | undefined> {
    const delayMs = this.breaker.check()?.retryAfterMs;
    await settled();
    return delayMs;
  }

  /** Opens the breaker, then fails half-open calls; returns how long it is open. */
  async open(failedTrials = 0): Promise<number> {
    await this.call(...times(5, failure));
    for (let i = 0; i < failedTrials; i++) {
      this.now += this.breaker.rejection().retryAfterMs;
      await this.call(failure);
    }
    return this.breaker.isHoldingBack ? this.breaker.rejection().retryAfterMs : 0;
  }
}

/** Repeats results. */
export function times(count: number, ...results: CallResult[]): CallResult[] {
  return Array.from({ length: count }, () => results).flat();
}

/** Lets a probe end. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}
