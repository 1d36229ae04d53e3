/**
 * The breaker: when calls are held back as they fail, for how long, and how they go on.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BreakerSetup, fault, limited, none, ok } from "./breaker_fixtures.ts";

Deno.test("Breaker opens for a second at the fifth failure", () => {
  const setup = new BreakerSetup();
  setup.call(fault, 4);
  assertEquals(setup.refusal(), undefined);
  setup.call(fault);
  assertEquals(setup.breaker.ask("somebody"), {
    kind: "unavailable",
    reason: "calls to Directus are held back: status 500",
    retryAfterMs: 1_000,
  });
});

Deno.test("Breaker opens when every other call fails", () => {
  const setup = new BreakerSetup();
  for (let i = 0; i < 2; i++) {
    setup.call(fault);
    setup.call(ok);
  }
  assertEquals(setup.refusal(), undefined);
  setup.call(fault);
  assertEquals(setup.refusal(), 1_000);
});

for (const [name, outcome] of [["that say nothing", none], ["of success", ok]] as const) {
  Deno.test(`Breaker stays closed at outcomes ${name}`, () => {
    const setup = new BreakerSetup();
    setup.call(outcome, 100);
    setup.call(fault, 4);
    assertEquals(setup.refusal(), undefined);
  });
}

Deno.test("Breaker lets one call try, once the time is over", () => {
  const setup = new BreakerSetup();
  setup.open();
  setup.now = 999;
  assertEquals(setup.refusal(), 1);
  setup.now = 1_000;
  const trial = setup.permit();
  assertEquals([setup.refusal(), setup.refusal()], [1_000, 1_000]);
  trial.settle(ok);
  assertEquals(setup.refusal(), undefined);
  setup.permit();
  setup.permit(); // as many as want to
});

for (const [trials, openMs] of [[1, 2_000], [2, 4_000], [4, 16_000], [5, 30_000], [9, 30_000]]) {
  Deno.test(`Breaker is open for ${openMs} ms after ${trials} trials in vain`, () => {
    assertEquals(new BreakerSetup().open(trials), openMs);
  });
}

Deno.test("Breaker lets another call try if the first says nothing", () => {
  const setup = new BreakerSetup();
  setup.open();
  setup.now = 1_000;
  setup.call(none);
  setup.call(ok);
  assertEquals(setup.metrics.directus.heldBack, false);
});

Deno.test("Breaker starts to count anew once it is closed", () => {
  const setup = new BreakerSetup();
  setup.open();
  setup.now = 1_000;
  setup.call(ok);
  setup.call(fault, 4);
  assertEquals(setup.refusal(), undefined);
});

for (const [afterMs, openMs] of [[9_999, 8_000], [10_000, 1_000]] as const) {
  Deno.test(`Breaker that opens ${afterMs} ms after it closed is open for ${openMs} ms`, () => {
    const setup = new BreakerSetup();
    setup.open(2);
    setup.now += 4_000;
    setup.call(ok);
    setup.now += afterMs;
    assertEquals(setup.open(), openMs);
  });
}

Deno.test("Breaker does not heed what calls from before it opened say", () => {
  const setup = new BreakerSetup();
  const [good, bad] = [setup.permit(), setup.permit()];
  setup.open();
  good.settle(ok);
  assertEquals(setup.refusal(), 1_000);
  setup.now = 1_000;
  bad.settle(fault);
  const trial = setup.permit();
  trial.settle(ok);
  assertEquals(setup.refusal(), undefined);
});

Deno.test("Breaker does not heed what calls from before it closed say", () => {
  const setup = new BreakerSetup();
  const old = Array.from({ length: 10 }, () => setup.permit());
  setup.open();
  setup.now = 1_000;
  setup.call(ok);
  for (const permit of old) permit.settle(fault);
  assertEquals(setup.refusal(), undefined);
});

Deno.test("Breaker opens up to a quarter earlier, and tells up to half more and a second", () => {
  const setup = new BreakerSetup();
  setup.random = 0.8;
  setup.call(fault, 5);
  assertEquals(setup.refusal(), 800 + 0.8 * (1_000 + 400));
  setup.now = 799;
  assertEquals(setup.refusal() === undefined, false);
  setup.now = 800;
  assertEquals(setup.refusal(), undefined);
});

Deno.test("Breaker has who waits answered, each time that it opens or pauses", () => {
  const setup = new BreakerSetup();
  setup.open(1);
  setup.now += 2_000;
  setup.call(ok);
  assertEquals(setup.holds.map(({ retryAfterMs }) => retryAfterMs), [1_000, 2_000]);
  setup.call(limited(500));
  assertEquals(setup.holds.at(-1), {
    kind: "unavailable",
    reason: "calls to Directus are held back: status 429",
    retryAfterMs: 500,
  });
});

Deno.test("Breaker logs one warning when it holds back, and one line when calls go on", () => {
  const setup = new BreakerSetup();
  setup.open(1);
  assertEquals(setup.metrics.directus.heldBack, true);
  setup.now += 2_000;
  const trial = setup.permit();
  assertEquals(setup.metrics.directus.heldBack, true);
  trial.settle(ok);
  assertEquals(setup.metrics.directus.heldBack, false);
  assertEquals(setup.logger.lines, [
    {
      level: "warn",
      message: "calls to Directus are held back",
      fields: { reason: "status 500", forMs: 1_000 },
    },
    {
      level: "debug",
      message: "calls to Directus are still held back",
      fields: { reason: "status 500", forMs: 2_000 },
    },
    { level: "info", message: "calls to Directus go on", fields: { afterMs: 3_000 } },
  ]);
});

Deno.test("Breaker logs a pause, and its end when the next call asks", () => {
  const setup = new BreakerSetup();
  setup.call(limited(500));
  setup.now = 700;
  assertEquals(setup.metrics.directus.heldBack, true);
  setup.permit();
  assertEquals(setup.metrics.directus.heldBack, false);
  assertEquals(setup.logger.lines.map(({ level, fields }) => [level, fields]), [
    ["warn", { reason: "status 429", forMs: 500 }],
    ["info", { afterMs: 700 }],
  ]);
});
