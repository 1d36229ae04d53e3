/**
 * When the circuit breaker holds calls back, for how long, and how they resume.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { CallResult } from "../../live/directus/circuit_breaker.ts";
import {
  BreakerSetup,
  failure,
  inconclusive,
  rateLimited,
  settled,
  success,
  times,
} from "./breaker_setup.ts";

Deno.test("CircuitBreaker opens for a second once five calls in a row and a probe have failed", async () => {
  const setup = new BreakerSetup();
  await setup.call(...times(4, failure));
  assertEquals([setup.probes, setup.breaker.isHoldingBack], [0, false]);
  await setup.call(failure);
  assertEquals(setup.breaker.check(), {
    kind: "unavailable",
    reason: "calls to Directus are held back: status 500",
    retryAfterMs: 1_000,
  });
  assertEquals(setup.probes, 1);
});

for (const result of [success, inconclusive, rateLimited(0)]) {
  Deno.test(`CircuitBreaker stays closed while its probes end with ${result.kind}, even if other calls fail`, async () => {
    const setup = new BreakerSetup();
    setup.probed = result;
    await setup.call(...times(100, failure));
    assertEquals([setup.probes, setup.breaker.isHoldingBack], [20, false]);
  });
}

for (
  const [name, results] of [
    ["successes", times(100, success)],
    ["inconclusive calls", times(100, inconclusive)],
    [
      "four failures in a row, again and again",
      times(25, failure, failure, failure, failure, success),
    ],
  ] as const
) {
  Deno.test(`CircuitBreaker makes no probe after ${name}`, async () => {
    const setup = new BreakerSetup();
    await setup.call(...results);
    assertEquals([setup.probes, setup.breaker.isHoldingBack], [0, false]);
  });
}

Deno.test("CircuitBreaker stays closed if a call succeeds while the probe is under way", async () => {
  const setup = new BreakerSetup();
  const probe = Promise.withResolvers<CallResult>();
  setup.probed = probe.promise;
  await setup.call(...times(20, failure), success);
  probe.resolve(failure);
  await settled();
  assertEquals([setup.probes, setup.breaker.isHoldingBack], [1, false]);
});

Deno.test("CircuitBreaker half-open lets one call out together with a probe", async () => {
  const setup = new BreakerSetup();
  await setup.open();
  setup.now = 999;
  assertEquals([await setup.delayMs(), setup.probes], [1, 1]);
  setup.now = 1_000;
  const probe = Promise.withResolvers<CallResult>();
  setup.probed = probe.promise;
  assertEquals([await setup.delayMs(), setup.probes], [undefined, 2]);
  assertEquals([await setup.delayMs(), await setup.delayMs(), setup.probes], [1_000, 1_000, 2]);
  probe.resolve(failure);
  await settled();
  assertEquals(await setup.delayMs(), 2_000);
});

for (
  const [name, probed, called] of [
    ["the probe succeeds, though the call fails", success, failure],
    ["the call succeeds, though the probe fails", failure, success],
  ] as const
) {
  Deno.test(`CircuitBreaker closes if ${name}`, async () => {
    const setup = new BreakerSetup();
    await setup.open();
    setup.now = 1_000;
    setup.probed = probed;
    await setup.call(called);
    assertEquals(setup.metrics.directus.heldBack, false);
    assertEquals([await setup.delayMs(), await setup.delayMs()], [undefined, undefined]);
  });
}

Deno.test("CircuitBreaker closes as soon as a call from before it opened succeeds", async () => {
  const setup = new BreakerSetup();
  await setup.open();
  setup.breaker.record(success);
  assertEquals(await setup.delayMs(), undefined);
});

for (
  const [trials = 0, openMs] of [[1, 2_000], [2, 4_000], [4, 16_000], [5, 30_000], [9, 30_000]]
) {
  Deno.test(`CircuitBreaker is open for ${openMs} ms after ${trials} failed probes`, async () => {
    assertEquals(await new BreakerSetup().open(trials), openMs);
  });
}

Deno.test("CircuitBreaker stays half-open after an inconclusive probe", async () => {
  const setup = new BreakerSetup();
  await setup.open();
  setup.now = 1_000;
  setup.probed = inconclusive;
  assertEquals([await setup.delayMs(), await setup.delayMs()], [undefined, undefined]);
  assertEquals([setup.probes, setup.metrics.directus.heldBack], [3, true]);
});

for (const [afterMs, openMs] of [[9_999, 8_000], [10_000, 1_000]] as const) {
  Deno.test(`CircuitBreaker that opens ${afterMs} ms after it closed is open for ${openMs} ms`, async () => {
    const setup = new BreakerSetup();
    await setup.open(2);
    setup.breaker.record(success);
    setup.now += afterMs;
    assertEquals(await setup.open(), openMs);
  });
}

Deno.test("CircuitBreaker adds jitter: it opens a bit earlier, and clients retry a bit later", async () => {
  const setup = new BreakerSetup();
  setup.random = 0.8;
  await setup.open();
  assertEquals(await setup.delayMs(), 800 + 0.8 * (1_000 + 400));
  setup.now = 799;
  assertEquals(setup.breaker.isHoldingBack, true);
  setup.now = 800;
  assertEquals(await setup.delayMs(), undefined);
});

Deno.test("CircuitBreaker calls onHoldBack each time that it opens or pauses", async () => {
  const setup = new BreakerSetup();
  await setup.open(1);
  setup.breaker.record(success);
  await setup.call(rateLimited(500));
  assertEquals(setup.holds, [1_000, 2_000, 500]);
});

Deno.test("CircuitBreaker logs one warning when it opens, and one line when calls resume", async () => {
  const setup = new BreakerSetup();
  await setup.open(1);
  setup.now += 2_000;
  assertEquals(setup.metrics.directus.heldBack, true);
  await setup.call(success);
  assertEquals(setup.metrics.directus.heldBack, false);
  const reason = "status 500";
  assertEquals(setup.logger.lines.map(({ level, message, fields }) => [level, message, fields]), [
    ["warn", "calls to Directus are held back", { reason, forMs: 1_000 }],
    ["debug", "calls to Directus are still held back", { reason, forMs: 2_000 }],
    ["info", "calls to Directus resume", { afterMs: 3_000 }],
  ]);
});

Deno.test("CircuitBreaker obeys the Retry-After of a 429 to the millisecond", async () => {
  const setup = new BreakerSetup();
  await setup.call(rateLimited(7_000));
  assertEquals(setup.breaker.check(), {
    kind: "unavailable",
    reason: "calls to Directus are held back: status 429",
    retryAfterMs: 7_000,
  });
  setup.now = 6_999;
  assertEquals([await setup.delayMs(), setup.metrics.directus.heldBack], [1, true]);
  setup.now = 7_000;
  assertEquals([await setup.delayMs(), setup.metrics.directus.heldBack], [undefined, false]);
  assertEquals(setup.logger.lines.map(({ level, fields }) => [level, fields]), [
    ["warn", { reason: "status 429", forMs: 7_000 }],
    ["info", { afterMs: 7_000 }],
  ]);
});

Deno.test("CircuitBreaker does not count a 429 as a failure", async () => {
  const setup = new BreakerSetup();
  for (let i = 0; i < 100; i++) setup.breaker.record(rateLimited(10));
  setup.now = 10;
  assertEquals([await setup.delayMs(), await setup.delayMs(), setup.probes], [
    undefined,
    undefined,
    0,
  ]);
});

Deno.test("CircuitBreaker obeys the longest of several Retry-After", async () => {
  const setup = new BreakerSetup();
  setup.breaker.record(rateLimited(5_000));
  setup.breaker.record(rateLimited(1_000));
  assertEquals(await setup.delayMs(), 5_000);
});

Deno.test("CircuitBreaker obeys a 429 to a probe, and stays half-open", async () => {
  const setup = new BreakerSetup();
  await setup.open();
  setup.now = 1_000;
  setup.probed = rateLimited(3_000);
  await setup.call(failure);
  assertEquals(await setup.delayMs(), 3_000);
  setup.now = 4_000;
  setup.probed = new Promise(() => {});
  assertEquals([await setup.delayMs(), await setup.delayMs()], [undefined, 1_000]);
});
