/**
 * Tests of measuring the rate and the size of a log.
 *
 * @module
 */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { TopicHistory } from "../../live/history/topic_history.ts";

const json = '{"x":1}';

function history(size = 256): { log: TopicHistory; budget: { used: number } } {
  const budget = { used: 0 };
  return { log: new TopicHistory("event:1", { size, ttlMs: 300_000, budget }), budget };
}

Deno.test("TopicHistory.measure() returns the messages a second over the last ten seconds", () => {
  using time = new FakeTime();
  const { log } = history();
  assertEquals(log.measure().rate, 0);

  for (let second = 0; second < 20; second++) {
    for (let n = 0; n < 3; n++) log.append({ key: undefined, json });
    time.tick(1_000);
  }
  assertAlmostEquals(log.measure().rate, 3, 0.31);

  time.tick(5_000);
  assertAlmostEquals(log.measure().rate, 1.5, 0.31);
  time.tick(10_000);
  assertEquals(log.measure().rate, 0);
});

Deno.test("TopicHistory.measure() counts over a shorter time if the log holds no more", () => {
  using time = new FakeTime();
  const { log } = history(64);
  log.release(Infinity);

  for (let n = 0; n < 2_000; n++) {
    log.append({ key: undefined, json });
    time.tick(1);
  }

  assertAlmostEquals(log.measure().rate, 1_000 * 64 / 100, 1); // measured over 100 ms at least
});

Deno.test("TopicHistory.measure() returns the same size as the budget", () => {
  using _time = new FakeTime();
  const { log, budget } = history(4);
  log.release(Infinity);

  for (let n = 0; n < 10; n++) log.append({ key: `key-${n % 3}`, json: json.repeat(n) });
  assertEquals(log.measure().bytes, budget.used);
  log.clear();

  assertEquals([log.measure().bytes, budget.used], [0, 0]);
});
