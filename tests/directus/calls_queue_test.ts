/**
 * All calls together: how many there are at a time, and what is left of a call's time.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { createCalls } from "../../live/directus/calls.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";
import { anyCookie } from "./authority_fixtures.ts";
import { Calls, FULL, TIMEOUT_MS } from "./calls_fixtures.ts";

Deno.test("createCalls() makes so many calls at a time, the others in their order", async () => {
  using calls = new Calls();
  const answers = ["/a", "/b", "/c", "/d"].map((path) => calls.call(path));
  await calls.time.runMicrotasks();
  assertEquals(calls.paths, ["/a", "/b"]);
  await calls.answer(200);
  assertEquals(calls.paths, ["/a", "/b", "/c"]);
  for (let i = 0; i < 3; i++) await calls.answer(200);
  assertEquals(await Promise.all(answers), ["json", "json", "json", "json"]);
  assertEquals(calls.paths, ["/a", "/b", "/c", "/d"]);
  const { mostInFlight, mostQueued, inFlight, queued } = calls.metrics.directus;
  assertEquals([mostInFlight, mostQueued, inFlight, queued], [2, 2, 0, 0]);
});

Deno.test("createCalls() lets nobody wait for longer than half of the time", async () => {
  using calls = new Calls(1);
  const first = calls.call("/a");
  const second = calls.call("/b");
  await calls.time.tickAsync(TIMEOUT_MS / 2);
  assertEquals(await second, `${FULL}; 1000`);
  await calls.answer(200);
  assertEquals(await first, "json");
  assertEquals(calls.paths, ["/a"]);
});

Deno.test("createCalls() counts the wait against the call's time", async () => {
  using calls = new Calls(1);
  calls.call("/a");
  const second = calls.call("/b");
  await calls.time.tickAsync(2_000);
  await calls.answer(200);
  let answer = "";
  second.then((text) => answer = text);
  await calls.time.tickAsync(2_999);
  await calls.time.runMicrotasks();
  assertEquals([calls.paths, answer], [["/a", "/b"], ""]);
  await calls.time.tickAsync(1);
  assertEquals(await second, "no answer within 3000 ms");
});

Deno.test("createCalls() times a call without its wait", async () => {
  using time = new FakeTime();
  const takesMs = 300;
  const call = createCalls({
    baseUrl: "http://directus",
    timeoutMs: TIMEOUT_MS,
    maxConcurrency: 1,
    metrics: new RecordingMetrics(),
    logger: new RecordingLogger(),
    fetch: async () => {
      await new Promise((resolve) => setTimeout(resolve, takesMs));
      return new Response("{}");
    },
    now: () => time.now,
    random: () => 0,
  });
  const both = Promise.all([call("/a", anyCookie), call("/b", anyCookie)]);
  await time.tickAsync(takesMs);
  await time.runMicrotasks();
  await time.tickAsync(takesMs);
  assertEquals((await both).map((called) => called.kind === "called" && called.elapsedMs), [
    takesMs,
    takesMs,
  ]);
});
