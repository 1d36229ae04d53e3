/**
 * Calls to Directus: how many run at a time, how long they may take, and when they are held back.
 *
 * @module
 */

import { assertEquals, assertNotMatch } from "@std/assert";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import type { LogLine } from "../support/recording_logger.ts";
import { ClientSetup, HELD_BACK, TIMEOUT_MS } from "./client_setup.ts";
import { anyCookie } from "./setup.ts";

Deno.test("DirectusClient.get() queues calls beyond the concurrency limit", async () => {
  using setup = new ClientSetup();
  const answers = ["/a", "/b", "/c", "/d"].map((path) => setup.get(path));
  await setup.time.runMicrotasks();
  assertEquals(setup.paths, ["/a", "/b"]);
  await setup.respond(200);
  assertEquals(setup.paths, ["/a", "/b", "/c"]);
  for (let i = 0; i < 3; i++) await setup.respond(200);
  assertEquals([await Promise.all(answers), setup.paths.at(-1)], [Array(4).fill("json"), "/d"]);
  const { heldBack: _, ...counts } = setup.metrics.directus;
  assertEquals(counts, { inFlight: 0, maxInFlight: 2, queued: 0, maxQueued: 2 });
});

Deno.test("DirectusClient.get() rejects a call that was queued for as long as a call may take", async () => {
  using setup = new ClientSetup(1);
  setup.get("/a");
  const second = setup.get("/b");
  await setup.time.tickAsync(1_000);
  const third = setup.get("/c");
  await setup.time.tickAsync(3_900);
  await setup.respond(200);
  await setup.time.tickAsync(1_100);
  assertEquals(await third, "too many calls to Directus are queued; 3920");
  await setup.respond(200);
  assertEquals([await second, setup.paths], ["json", ["/a", "/b"]]);
});

Deno.test("DirectusClient.get() gives a call its whole timeout after its wait in the queue", async () => {
  using setup = new ClientSetup(1);
  const answers = ["/a", "/b"].map((path) => setup.get(path));
  for (const _ of answers) {
    await setup.time.tickAsync(4_900);
    await setup.respond(200);
  }
  assertEquals(await Promise.all(answers), ["json", "json"]);
});

Deno.test("DirectusClient.get() makes calls of other lanes while one lane fills its queue", async () => {
  using setup = new ClientSetup(1);
  const answers = Array.from({ length: 4_097 }, () => setup.get("/flood"));
  assertEquals(await setup.get("/flood"), "too many calls to Directus are queued; 1000");
  for (const lane of ["authorisation", "revalidation", "views"] as const) {
    answers.push(setup.get(`/${lane}`, anyCookie, lane));
  }
  await setup.time.runMicrotasks();
  for (let i = 0; i < 6; i++) await setup.respond(200);
  assertEquals(setup.paths.filter((path) => path !== "/flood").toSorted(), [
    "/authorisation",
    "/revalidation",
    "/views",
  ]);
  await setup.respond(429);
  await Promise.all(answers);
});

Deno.test("DirectusClient.get() lets revalidations wait without a time limit", async () => {
  using setup = new ClientSetup(1);
  const answers = Array.from({ length: 10 }, () => setup.get("/a", anyCookie, "revalidation"));
  for (const _ of answers) {
    await setup.time.tickAsync(4_900);
    await setup.respond(200);
  }
  assertEquals(await Promise.all(answers), Array(10).fill("json"));
});

Deno.test("CompletedCall.elapsedMs does not include the time in the queue", async () => {
  using setup = new ClientSetup(1);
  const calls = ["/a", "/b"].map((path) => setup.client.get(path, anyCookie));
  for (const _ of calls) {
    await setup.time.tickAsync(300);
    await setup.respond(200);
  }
  const elapsed = (await Promise.all(calls)).map((call) => "elapsedMs" in call && call.elapsedMs);
  assertEquals(elapsed, [300, 300]);
});

for (const status of [500, 502, 503, 504]) {
  Deno.test(`DirectusClient.get() holds calls back after five responses and a probe with ${status}`, async () => {
    using setup = new ClientSetup();
    setup.probed = () => Promise.resolve(new Response(null, { status }));
    for (let i = 0; i < 5; i++) assertEquals(await setup.exchange(status), `status ${status}`);
    assertEquals(await setup.get("/users/me"), `${HELD_BACK} status ${status}; 1000`);
    assertEquals([setup.paths.length, setup.metrics.directus.heldBack], [5, true]);
  });
}

Deno.test("DirectusClient.get() holds calls back once neither calls nor a probe are answered", async () => {
  using setup = new ClientSetup(5);
  const probe = Promise.withResolvers<Response>();
  setup.probed = () => probe.promise;
  const answers = Array.from({ length: 5 }, () => setup.get("/items/events/1"));
  await setup.time.runMicrotasks();
  await setup.time.tickAsync(TIMEOUT_MS);
  assertEquals(await Promise.all(answers), Array(5).fill("no answer within 5000 ms"));
  assertEquals(setup.metrics.directus.heldBack, false);
  probe.reject(new DOMException("", "TimeoutError"));
  await setup.time.runMicrotasks();
  assertEquals(await setup.get("/users/me"), `${HELD_BACK} no answer within 5000 ms; 1000`);
});

/** An error as Directus sends it. */
const ERROR = '{"errors":[{"message":"No.","extensions":{"code":"FORBIDDEN"}}]}';

for (
  const [name, status, body, isSuccess] of [
    ["200", 200, "{}", true],
    ["Directus's own 400", 400, ERROR, true],
    ["Directus's own 401", 401, ERROR, true],
    ["Directus's own 403", 403, ERROR, true],
    ["Directus's own 404", 404, ERROR, true],
    ["another server's 401", 401, "{}", false],
    ["another server's 403", 403, "{}", false],
    ["200 and HTML", 200, "<html>", false],
    ["302", 302, "", false],
    ["another server's 404", 404, "{}", false],
    ["431", 431, "", false],
  ] as const
) {
  Deno.test(`DirectusClient.get() makes no more calls if five fail and a probe gets ${name}: ${!isSuccess}`, async () => {
    using setup = new ClientSetup();
    setup.probed = () => Promise.resolve(new Response(body, { status }));
    for (let i = 0; i < 5; i++) await setup.exchange(500);
    assertEquals(setup.metrics.directus.heldBack, !isSuccess);
  });

  Deno.test(`DirectusClient.get() resumes after a call with ${name}: ${isSuccess}`, async () => {
    using setup = new ClientSetup();
    await setup.halfOpen();
    await setup.exchange(status, body);
    assertEquals(setup.metrics.directus.heldBack, !isSuccess);
  });
}

for (const sessions of [1, 100]) {
  Deno.test(`DirectusClient.get() holds no call back even if all calls of ${sessions} sessions fail`, async () => {
    using setup = new ClientSetup();
    setup.probed = () => Promise.resolve(new Response(ERROR, { status: 401 }));
    for (let i = 0; i < 100; i++) {
      const cookie = new SessionCookie("session", `made up ${i % sessions}`);
      assertEquals(await setup.exchange(500, "{}", cookie), "status 500");
    }
    assertEquals([setup.paths.length, setup.metrics.directus.heldBack], [100, false]);
    assertEquals([setup.probes.length, new Set(setup.probes).size], [20, 20]);
  });
}

Deno.test("DirectusClient.get() rejects queued calls once calls are held back", async () => {
  using setup = new ClientSetup(5);
  const inFlight = Array.from({ length: 8 }, () => setup.get("/a")); // three of them queue
  await setup.time.runMicrotasks();
  for (let i = 0; i < 4; i++) await setup.respond(500);
  const late = setup.get("/b"); // takes the slot that the fourth response freed
  const queued = [setup.get("/c"), setup.get("/d")];
  await setup.respond(500);
  assertEquals(await Promise.all(queued), Array(2).fill(`${HELD_BACK} status 500; 1000`));
  assertEquals([setup.paths.length, setup.metrics.directus.queued], [9, 0]);
  for (let i = 0; i < 4; i++) await setup.respond(200);
  assertEquals(await Promise.all([...inFlight, late]), [
    ...Array(5).fill("status 500"),
    ...Array(4).fill("json"),
  ]);
});

for (const [headers, waitMs] of [[{ "retry-after": "7" }, 7_000], [{}, 2_000]] as const) {
  Deno.test(`DirectusClient.get() makes no call for ${waitMs} ms after a 429 that says so`, async () => {
    using setup = new ClientSetup(1);
    const answers = [setup.get("/a"), setup.get("/b")];
    await setup.time.runMicrotasks();
    await setup.respond(429, headers);
    assertEquals(await Promise.all(answers), ["status 429", `${HELD_BACK} status 429; ${waitMs}`]);
    setup.time.tick(waitMs - 1);
    assertEquals(await setup.get("/c"), `${HELD_BACK} status 429; 1`);
    assertEquals(setup.paths, ["/a"]);
    setup.time.tick(1);
    assertEquals(await setup.exchange(200), "json");
  });
}

Deno.test("DirectusClient.get() holds back a call that has just got its slot", async () => {
  using setup = new ClientSetup(2);
  const answers = ["/a", "/b", "/c"].map((path) => setup.get(path));
  await setup.time.runMicrotasks();
  setup.respond(401, {}, ERROR); // frees a slot for /c; in the same turn of the event loop:
  await setup.respond(429, { "retry-after": "1" });
  const expected = ["denied", "status 429", `${HELD_BACK} status 429; 1000`];
  assertEquals(await Promise.all(answers), expected);
  assertEquals(setup.paths, ["/a", "/b"]);
});

for (
  const [status, body, reason] of [
    [301, "", "status 301"],
    [400, "", "status 400 without Directus's error"],
    [400, ERROR, "status 400 FORBIDDEN"],
    [404, "<html>", "status 404 without Directus's error"],
    [404, ERROR, "status 404 FORBIDDEN"],
    [431, "", "status 431 without Directus's error"],
    [200, "<html>", "response is not JSON"],
    [500, "", "status 500"],
  ] as const
) {
  Deno.test(`DirectusClient.get() warns once a minute of: ${reason}`, async () => {
    using setup = new ClientSetup();
    const line: LogLine = { level: "warn", message: "call to Directus failed", fields: { reason } };
    for (let i = 0; i < 3; i++) await setup.exchange(status, body);
    assertEquals(setup.logger.of("warn"), [line]);
    setup.time.tick(60_000);
    await setup.exchange(status, body);
    assertEquals(setup.logger.of("warn"), [line, line]);
  });
}

Deno.test("DirectusClient.get() does not warn of a denial, or of a query that Directus rejects", async () => {
  using setup = new ClientSetup();
  await setup.exchange(403, ERROR);
  const answer = setup.client.get("/items/events", anyCookie, { search: { query: {} } });
  await setup.time.runMicrotasks();
  await setup.respond(400, {}, ERROR);
  assertEquals((await answer).kind, "completed");
  assertEquals(setup.logger.lines, []);
});

Deno.test("DirectusClient.get() reveals neither cookie nor hash in a reason or in the log", async () => {
  using setup = new ClientSetup();
  await setup.halfOpen();
  const text = await setup.exchange(500) + JSON.stringify(setup.logger.lines);
  assertNotMatch(text, /s3cr3t/);
  assertEquals(text.includes(anyCookie.hash()), false);
});
