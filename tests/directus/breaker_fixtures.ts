/**
 * What the tests of the breaker share.
 *
 * @module
 */

import { assert } from "@std/assert";
import { Breaker, type Outcome, type Permit } from "../../live/directus/breaker.ts";
import type { Unavailable } from "../../live/domain/authority.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";

/** Directus works. */
export const ok: Outcome = { kind: "ok" };
/** Directus is out of order. */
export const fault: Outcome = { kind: "fault", reason: "status 500" };
/** Nothing is said of Directus. */
export const none: Outcome = { kind: "none" };
/** Directus wants no calls for so many milliseconds. */
export const limited = (retryAfterMs: number): Outcome => ({ kind: "limited", retryAfterMs });

/** A breaker on a clock that stands still, and all that can be seen of it. */
export class BreakerSetup {
  /** The time, in milliseconds. */
  now = 0;
  /** What comes by chance. */
  random = 0;
  /** What was counted. */
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  /** What was logged. */
  readonly logger: RecordingLogger = new RecordingLogger();
  /** What those who waited were told, each time that calls began to be held back. */
  readonly holds: Unavailable[] = [];
  /** The breaker. */
  readonly breaker: Breaker = new Breaker({
    onHold: (answer) => void this.holds.push(answer()),
    metrics: this.metrics,
    logger: this.logger,
    now: () => this.now,
    random: () => this.random,
  });

  /** Asks for a permit, which there must be. */
  permit(source = "somebody"): Permit {
    const permit = this.breaker.ask(source);
    assert(permit.kind === "permit", "held back");
    return permit;
  }

  /** Makes calls, one after the other. */
  call(outcome: Outcome, times = 1): void {
    for (let i = 0; i < times; i++) this.permit().settle(outcome);
  }

  /** When a question is told to come back; `undefined` if it gets a permit, which it gives up. */
  refusal(): number | undefined {
    const answer = this.breaker.ask("somebody");
    if (answer.kind === "unavailable") return answer.retryAfterMs;
    answer.settle(none);
    return undefined;
  }

  /** Fails until it is open, tries in vain so many times, and returns for how long it is open. */
  open(trials = 0): number {
    while (this.refusal() === undefined) this.call(fault);
    for (let i = 0; i < trials; i++) {
      this.now += this.refusal() ?? 0;
      this.call(fault);
    }
    return this.refusal() ?? 0;
  }
}
