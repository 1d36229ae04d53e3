/**
 * All calls together: what a wait costs, when they are held back and when they go on.
 *
 * @module
 */

import { assertEquals, assertNotMatch } from "@std/assert";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { anyCookie } from "./authority_fixtures.ts";
import { Calls, HELD, TIMEOUT_MS } from "./calls_fixtures.ts";

for (const status of [500, 502, 503, 504]) {
  Deno.test(`createCalls() makes no more calls after five answers with ${status}`, async () => {
    using calls = new Calls();
    for (let i = 0; i < 5; i++) assertEquals(await calls.exchange(status), `status ${status}`);
    assertEquals(await calls.call("/users/me"), `${HELD} status ${status}; 1000`);
    assertEquals(calls.paths.length, 5);
    assertEquals(calls.metrics.directus.heldBack, true);
  });
}

Deno.test("createCalls() makes no more calls after five that timed out", async () => {
  using calls = new Calls(5);
  const answers = Array.from({ length: 5 }, () => calls.call("/users/me"));
  await calls.time.tickAsync(TIMEOUT_MS);
  await Promise.all(answers);
  assertEquals(await calls.call("/users/me"), `${HELD} no answer within 5000 ms; 1000`);
});

Deno.test("createCalls() makes no more calls after five items that are no JSON", async () => {
  using calls = new Calls(5);
  const answers = Array.from({ length: 5 }, () => calls.call("/items/events/1"));
  await calls.time.runMicrotasks();
  for (let i = 0; i < 5; i++) await calls.answer(200, {}, "<html>");
  assertEquals(await Promise.all(answers), Array(5).fill("not-json"));
  assertEquals(await calls.call("/users/me"), `${HELD} answer is not JSON; 1000`);
});

for (
  const [name, status, body] of [
    ["200", 200, "{}"],
    ["401", 401, "{}"],
    ["403", 403, "{}"],
    ["200 and HTML to /users/me", 200, "<html>"],
    ["302", 302, ""],
    ["400", 400, "{}"],
    ["404", 404, "{}"],
    ["431", 431, ""],
    ["200 and too much", 200, " ".repeat(65_537)],
  ] as const
) {
  Deno.test(`createCalls() goes on after any number of answers with ${name}`, async () => {
    using calls = new Calls();
    for (let i = 0; i < 20; i++) await calls.exchange(status, {}, body);
    assertEquals(calls.paths.length, 20);
    assertEquals(calls.metrics.directus.heldBack, false);
  });
}

for (
  const [status, closes] of [[200, true], [401, true], [403, true], [404, false], [431, false]]
) {
  Deno.test(`createCalls() goes on after a trial with ${status}: ${closes}`, async () => {
    using calls = new Calls();
    for (let i = 0; i < 5; i++) await calls.exchange(500);
    calls.time.tick(1_000);
    await calls.exchange(Number(status));
    assertEquals(calls.metrics.directus.heldBack, !closes);
  });
}

Deno.test("createCalls() does not take a call that it cannot make for a trial", async () => {
  using calls = new Calls();
  for (let i = 0; i < 5; i++) await calls.exchange(500);
  calls.time.tick(1_000);
  const cookie = new SessionCookie("session", "\n");
  assertEquals(await calls.call("/users/me", cookie), "cookie cannot be a header");
  assertEquals([calls.paths.length, calls.metrics.directus.heldBack], [5, true]);
  assertEquals(await calls.exchange(200), "json");
  assertEquals(calls.metrics.directus.heldBack, false);
});

Deno.test("createCalls() answers those who wait once it holds calls back", async () => {
  using calls = new Calls(5);
  const inFlight = Array.from({ length: 5 }, () => calls.call("/a"));
  const waiting = Array.from({ length: 3 }, () => calls.call("/b"));
  await calls.time.runMicrotasks();
  for (let i = 0; i < 4; i++) await calls.answer(500); // three of these let one more out
  assertEquals(calls.paths, [..."aaaaabbb"].map((letter) => `/${letter}`));
  const late = calls.call("/c");
  const later = [calls.call("/d"), calls.call("/e")];
  await calls.answer(500);
  assertEquals(await Promise.all(later), [`${HELD} status 500; 1000`, `${HELD} status 500; 1000`]);
  assertEquals(calls.metrics.directus.queued, 0);
  for (let i = 0; i < 4; i++) await calls.answer(200);
  assertEquals(await Promise.all([...inFlight, ...waiting, late]), [
    ...Array(5).fill("status 500"),
    ...Array(4).fill("json"),
  ]);
});

Deno.test("createCalls() makes no call before the time that a 429 asked for", async () => {
  using calls = new Calls(1);
  const waiting = [calls.call("/a"), calls.call("/b")];
  await calls.time.runMicrotasks();
  await calls.answer(429, { "retry-after": "7" });
  assertEquals(await Promise.all(waiting), ["status 429", `${HELD} status 429; 7000`]);
  calls.time.tick(6_999);
  assertEquals(await calls.call("/c"), `${HELD} status 429; 1`);
  assertEquals(calls.paths, ["/a"]);
  calls.time.tick(1);
  assertEquals(await calls.exchange(200), "json");
});

Deno.test("createCalls() pauses for two seconds at a 429 without Retry-After", async () => {
  using calls = new Calls();
  await calls.exchange(429);
  assertEquals(await calls.call("/users/me"), `${HELD} status 429; 2000`);
});

Deno.test("createCalls() holds back even a call whose turn has just come", async () => {
  using calls = new Calls(2);
  const answers = ["/a", "/b", "/c"].map((path) => calls.call(path));
  await calls.time.runMicrotasks();
  calls.answer(401); // lets /c out; in the same turn of the event loop:
  await calls.answer(429, { "retry-after": "1" });
  assertEquals(await Promise.all(answers), [
    "denied",
    "status 429",
    `${HELD} status 429; 1000`,
  ]);
  assertEquals(calls.paths, ["/a", "/b"]);
});

Deno.test("createCalls() lets one call try, and all go on if it succeeds", async () => {
  using calls = new Calls(2);
  for (let i = 0; i < 5; i++) await calls.exchange(500);
  calls.time.tick(1_000);
  const trial = calls.call("/trial");
  assertEquals(await calls.call("/a"), `${HELD} status 500; 1000`);
  await calls.answer(200);
  assertEquals([await trial, await calls.exchange(200)], ["json", "json"]);
});

Deno.test("createCalls() counts the failures of one session to a bound", async () => {
  using calls = new Calls();
  for (let i = 0; i < 6; i++) await calls.exchange(200);
  const other = new SessionCookie("session", "other");
  for (let i = 0; i < 20; i++) {
    const answer = calls.call("/items/events/9", other);
    await calls.time.runMicrotasks();
    await calls.answer(500);
    assertEquals(await answer, "status 500");
  }
  assertEquals(calls.metrics.directus.heldBack, false);
});

Deno.test("createCalls() tells neither cookie nor hash in a reason or in the log", async () => {
  using calls = new Calls();
  const told: string[] = [];
  for (let i = 0; i < 5; i++) told.push(await calls.exchange(500));
  told.push(await calls.call("/users/me"), JSON.stringify(calls.logger.lines));
  assertEquals(told.length, 7);
  const text = told.join();
  assertNotMatch(text, /s3cr3t/);
  assertEquals(text.includes(anyCookie.hash()), false);
});
