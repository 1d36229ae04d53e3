/**
 * When callers that found the queue full retry.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { RetrySchedule } from "../../live/directus/retry_schedule.ts";

/** A schedule for a queue that takes `queueMs`, and retries every `callMs`. */
class Setup {
  now = 0;
  readonly schedule: RetrySchedule;

  constructor(queueMs: number, callMs: number, random = 0) {
    const estimateWaitMs = (callers?: number) =>
      callers === undefined ? queueMs : callers * callMs * 1.25; // the longest jitter is 50 %
    this.schedule = new RetrySchedule({
      estimateWaitMs,
      now: () => this.now,
      random: () => random,
    });
  }

  delays(...sources: string[]): number[] {
    return sources.map((source) => this.schedule.delayMs(source));
  }
}

Deno.test("RetrySchedule.delayMs() puts each source behind the queue and behind earlier sources", () => {
  const setup = new Setup(6_000, 2_000);
  assertEquals(setup.delays("a", "b", "c"), [8_000, 10_000, 12_000]);
  setup.now = 5_000;
  assertEquals(setup.delays("d"), [9_000]);
});

Deno.test("RetrySchedule.delayMs() keeps the retry time of a source until it is reached", () => {
  const setup = new Setup(0, 2_000);
  assertEquals(setup.delays("a", "b"), [2_000, 4_000]);
  setup.now = 500;
  assertEquals(setup.delays("a", "b"), [1_500, 3_500]);
  setup.now = 2_000;
  assertEquals(setup.delays("a", "b"), [4_000, 2_000]);
});

for (
  const [name, queueMs, random, expected] of [
    ["at least a second", 0, 0, 1_000],
    ["at most 30 seconds", 100_000, 0, 30_000],
    ["up to half more", 0, 0.999, 1_500],
  ] as const
) {
  Deno.test(`RetrySchedule.delayMs() is ${name}`, () => {
    assertEquals(new Setup(queueMs, 0, random).delays("a"), [expected]);
  });
}
