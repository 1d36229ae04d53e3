/**
 * Tests of the watch on the event loop.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { EventLoopWatch } from "../../live/telemetry/event_loop_watch.ts";

Deno.test("EventLoopWatch measures how late its timer fires, until it is stopped", () => {
  using time = new FakeTime();
  const delays: number[] = [];
  let blockedMs = 0;
  const watch = new EventLoopWatch({
    metrics: { eventLoopDelay: (elapsedMs) => delays.push(elapsedMs) },
    now: () => Date.now() + blockedMs,
  });

  watch.start();
  time.tick(100);
  blockedMs += 40; // something holds the loop before the timer fires
  time.tick(100);
  blockedMs -= 1; // a timer may fire a moment early
  time.tick(100);
  watch.stop();
  time.tick(1_000);

  assertEquals(delays, [0, 40, 0]);
});
