/**
 * The breaker: how it obeys Directus when that wants no calls for a while.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BreakerSetup, limited } from "./breaker_fixtures.ts";

Deno.test("Breaker obeys Retry-After to the millisecond", () => {
  const setup = new BreakerSetup();
  setup.call(limited(7_000));
  assertEquals(setup.breaker.ask("somebody"), {
    kind: "unavailable",
    reason: "calls to Directus are held back: status 429",
    retryAfterMs: 7_000,
  });
  setup.now = 6_999;
  assertEquals([setup.refusal(), setup.breaker.isHolding()], [1, true]);
  setup.now = 7_000;
  assertEquals([setup.refusal(), setup.breaker.isHolding()], [undefined, false]);
});

Deno.test("Breaker takes a 429 for no fault", () => {
  const setup = new BreakerSetup();
  const permits = Array.from({ length: 100 }, () => setup.permit());
  for (const permit of permits) permit.settle(limited(10));
  setup.now = 10;
  setup.permit();
  setup.permit(); // no trial
});

Deno.test("Breaker waits for the longest of several Retry-After", () => {
  const setup = new BreakerSetup();
  const permits = [setup.permit(), setup.permit()];
  permits[0]?.settle(limited(5_000));
  permits[1]?.settle(limited(1_000));
  assertEquals(setup.refusal(), 5_000);
});

Deno.test("Breaker obeys a 429 to the call that tries, and then tries again", () => {
  const setup = new BreakerSetup();
  setup.open();
  setup.now = 1_000;
  setup.call(limited(3_000));
  assertEquals(setup.refusal(), 3_000);
  setup.now = 4_000;
  setup.permit();
  assertEquals(setup.refusal(), 1_000); // still one at a time
});

Deno.test("Breaker obeys a 429 to a call from before it opened", () => {
  const setup = new BreakerSetup();
  const old = setup.permit();
  setup.open();
  old.settle(limited(5_000));
  assertEquals(setup.refusal(), 5_000);
});
