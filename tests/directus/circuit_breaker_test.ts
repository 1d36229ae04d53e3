/**
 * When the circuit breaker holds calls back, for how long, and how they resume.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type CallResult,
  CircuitBreaker,
  type Permit,
} from "../../live/directus/circuit_breaker.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";

const success: CallResult = { kind: "success" };
const failure: CallResult = { kind: "failure", reason: "status 500" };
const inconclusive: CallResult = { kind: "inconclusive" };
const rateLimited = (retryAfterMs: number): CallResult => ({ kind: "rate-limited", retryAfterMs });

/** A breaker on a clock that stands still. */
class Setup {
  now = 0;
  random = 0;
  readonly metrics = new RecordingMetrics();
  readonly logger = new RecordingLogger();
  /** Delay of a queued call, each time that calls began to be held back. */
  readonly holds: number[] = [];
  readonly breaker: CircuitBreaker = new CircuitBreaker({
    onHoldBack: () => void this.holds.push(this.breaker.rejection().retryAfterMs),
    metrics: this.metrics,
    logger: this.logger,
    now: () => this.now,
    random: () => this.random,
  });

  /** Asks for a permit, which there must be. */
  permit(): Permit {
    const permit = this.breaker.acquire("a session");
    assert(permit.kind === "permit", "held back");
    return permit;
  }

  /** Makes calls, one after the other. */
  call(result: CallResult, times = 1): void {
    for (let i = 0; i < times; i++) this.permit().settle(result);
  }

  /** Delay of a call that is held back; `undefined` if it gets a permit. */
  get delayMs(): number | undefined {
    const answer = this.breaker.acquire("a session");
    if (answer.kind === "unavailable") return answer.retryAfterMs;
    answer.settle(inconclusive);
    return undefined;
  }

  /** Fails until the breaker is open, then fails trial calls; returns how long it is open. */
  open(failedTrials = 0): number | undefined {
    while (this.delayMs === undefined) this.call(failure);
    for (let i = 0; i < failedTrials; i++) {
      this.now += this.delayMs ?? 0;
      this.call(failure);
    }
    return this.delayMs;
  }
}

Deno.test("CircuitBreaker opens for a second at the fifth failure", () => {
  const setup = new Setup();
  setup.call(failure, 4);
  assertEquals(setup.delayMs, undefined);
  setup.call(failure);
  assertEquals(setup.breaker.acquire("a session"), {
    kind: "unavailable",
    reason: "calls to Directus are held back: status 500",
    retryAfterMs: 1_000,
  });
});

Deno.test("CircuitBreaker opens if every other call fails", () => {
  const setup = new Setup();
  for (const result of [failure, success, failure, success]) setup.call(result);
  assertEquals(setup.delayMs, undefined);
  setup.call(failure);
  assertEquals(setup.delayMs, 1_000);
});

for (const result of [success, inconclusive]) {
  Deno.test(`CircuitBreaker stays closed after results of kind ${result.kind}`, () => {
    const setup = new Setup();
    setup.call(result, 100);
    setup.call(failure, 4);
    assertEquals(setup.delayMs, undefined);
  });
}

Deno.test("CircuitBreaker half-open lets one trial call out, and closes if it succeeds", () => {
  const setup = new Setup();
  setup.open();
  setup.now = 999;
  assertEquals([setup.delayMs, setup.breaker.isHoldingBack], [1, true]);
  setup.now = 1_000;
  const trial = setup.permit();
  assertEquals([setup.delayMs, setup.delayMs], [1_000, 1_000]);
  trial.settle(success);
  setup.permit();
  setup.permit(); // as many as want to
});

for (const [trials, openMs] of [[1, 2_000], [2, 4_000], [4, 16_000], [5, 30_000], [9, 30_000]]) {
  Deno.test(`CircuitBreaker is open for ${openMs} ms after ${trials} failed trials`, () => {
    assertEquals(new Setup().open(trials), openMs);
  });
}

Deno.test("CircuitBreaker lets another trial call out after an inconclusive one", () => {
  const setup = new Setup();
  setup.open();
  setup.now = 1_000;
  setup.call(inconclusive);
  setup.call(success);
  assertEquals(setup.metrics.directus.heldBack, false);
});

Deno.test("CircuitBreaker starts with an empty window when it closes", () => {
  const setup = new Setup();
  setup.open();
  setup.now = 1_000;
  setup.call(success);
  setup.call(failure, 4);
  assertEquals(setup.delayMs, undefined);
});

for (const [afterMs, openMs] of [[9_999, 8_000], [10_000, 1_000]] as const) {
  Deno.test(`CircuitBreaker that opens ${afterMs} ms after it closed is open for ${openMs} ms`, () => {
    const setup = new Setup();
    setup.open(2);
    setup.now += 4_000;
    setup.call(success);
    setup.now += afterMs;
    assertEquals(setup.open(), openMs);
  });
}

Deno.test("CircuitBreaker ignores results of calls from before it opened", () => {
  const setup = new Setup();
  const [good, ...bad] = Array.from({ length: 11 }, () => setup.permit());
  setup.open();
  good?.settle(success);
  assertEquals(setup.delayMs, 1_000);
  setup.now = 1_000;
  bad.pop()?.settle(failure);
  setup.call(success); // the trial
  for (const permit of bad) permit.settle(failure);
  assertEquals(setup.delayMs, undefined);
});

Deno.test("CircuitBreaker adds jitter: it opens a bit earlier, and clients retry a bit later", () => {
  const setup = new Setup();
  setup.random = 0.8;
  setup.call(failure, 5);
  assertEquals(setup.delayMs, 800 + 0.8 * (1_000 + 400));
  setup.now = 799;
  assertEquals(setup.breaker.isHoldingBack, true);
  setup.now = 800;
  assertEquals(setup.delayMs, undefined);
});

Deno.test("CircuitBreaker calls onHoldBack each time that it opens or pauses", () => {
  const setup = new Setup();
  setup.open(1);
  setup.now += 2_000;
  setup.call(success);
  setup.call(rateLimited(500));
  assertEquals(setup.holds, [1_000, 2_000, 500]);
});

Deno.test("CircuitBreaker logs one warning when it opens, and one line when calls resume", () => {
  const setup = new Setup();
  setup.open(1);
  setup.now += 2_000;
  const trial = setup.permit();
  assertEquals(setup.metrics.directus.heldBack, true);
  trial.settle(success);
  assertEquals(setup.metrics.directus.heldBack, false);
  const reason = "status 500";
  assertEquals(setup.logger.lines.map(({ level, message, fields }) => [level, message, fields]), [
    ["warn", "calls to Directus are held back", { reason, forMs: 1_000 }],
    ["debug", "calls to Directus are still held back", { reason, forMs: 2_000 }],
    ["info", "calls to Directus resume", { afterMs: 3_000 }],
  ]);
});

Deno.test("CircuitBreaker obeys the Retry-After of a 429 to the millisecond", () => {
  const setup = new Setup();
  setup.call(rateLimited(7_000));
  assertEquals(setup.breaker.acquire("a session"), {
    kind: "unavailable",
    reason: "calls to Directus are held back: status 429",
    retryAfterMs: 7_000,
  });
  setup.now = 6_999;
  assertEquals([setup.delayMs, setup.metrics.directus.heldBack], [1, true]);
  setup.now = 7_000;
  assertEquals([setup.delayMs, setup.metrics.directus.heldBack], [undefined, false]);
  assertEquals(setup.logger.lines.map(({ level, fields }) => [level, fields]), [
    ["warn", { reason: "status 429", forMs: 7_000 }],
    ["info", { afterMs: 7_000 }],
  ]);
});

Deno.test("CircuitBreaker does not count a 429 as a failure", () => {
  const setup = new Setup();
  const permits = Array.from({ length: 100 }, () => setup.permit());
  for (const permit of permits) permit.settle(rateLimited(10));
  setup.now = 10;
  setup.permit();
  setup.permit(); // no trial
});

Deno.test("CircuitBreaker obeys the longest of several Retry-After", () => {
  const setup = new Setup();
  const permits = [setup.permit(), setup.permit()];
  permits[0]?.settle(rateLimited(5_000));
  permits[1]?.settle(rateLimited(1_000));
  assertEquals(setup.delayMs, 5_000);
});

Deno.test("CircuitBreaker obeys a 429 to a trial call, and stays half-open", () => {
  const setup = new Setup();
  setup.open();
  setup.now = 1_000;
  setup.call(rateLimited(3_000));
  assertEquals(setup.delayMs, 3_000);
  setup.now = 4_000;
  setup.permit();
  assertEquals(setup.delayMs, 1_000); // still one at a time
});

Deno.test("CircuitBreaker obeys a 429 to a call from before it opened", () => {
  const setup = new Setup();
  const early = setup.permit();
  setup.open();
  early.settle(rateLimited(5_000));
  assertEquals(setup.delayMs, 5_000);
});
