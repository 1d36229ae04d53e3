/**
 * Calls to Directus: how many run at a time, how long they may take, and when they are held back.
 *
 * @module
 */

import { assert, assertEquals, assertNotMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { createDirectusClient, type DirectusClient } from "../../live/directus/directus_client.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";
import { anyCookie } from "./setup.ts";

const TIMEOUT_MS = 5_000;

/** How the reason begins while calls are held back. */
const HELD_BACK = "calls to Directus are held back:";

/** A client whose calls the test answers, on a clock that the test moves; without jitter. */
class Setup implements Disposable {
  readonly time = new FakeTime();
  readonly metrics = new RecordingMetrics();
  readonly logger = new RecordingLogger();
  /** Paths that Directus was asked for. */
  readonly paths: string[] = [];
  readonly client: DirectusClient;
  readonly #inFlight: PromiseWithResolvers<Response>[] = [];

  constructor(maxConcurrency = 2) {
    this.client = createDirectusClient({
      baseUrl: "http://directus",
      timeoutMs: TIMEOUT_MS,
      maxConcurrency,
      metrics: this.metrics,
      logger: this.logger,
      fetch: this.#fetch,
      now: () => this.time.now,
      random: () => 0,
    });
  }

  /** Calls, and resolves to what came of it in a word or two. */
  async get(path: string, cookie: SessionCookie = anyCookie): Promise<string> {
    const call = await this.client.get(path, cookie);
    if (call.kind === "unavailable") return `${call.reason}; ${call.retryAfterMs}`;
    return call.response.kind === "failed" ? call.response.reason : call.response.kind;
  }

  /** Responds to the oldest call in flight, and lets what follows from that happen. */
  async respond(status: number, headers: HeadersInit = {}, body = "{}"): Promise<void> {
    const call = this.#inFlight.shift();
    assert(call, "no call is in flight");
    call.resolve(new Response(body, { status, headers }));
    await this.time.runMicrotasks();
  }

  /** Calls and responds at once. */
  async exchange(status: number, body = "{}", cookie: SessionCookie = anyCookie): Promise<string> {
    const answer = this.get("/users/me", cookie);
    await this.time.runMicrotasks();
    await this.respond(status, {}, body);
    return await answer;
  }

  /** Opens the circuit breaker, and lets the time pass for which it is open. */
  async halfOpen(): Promise<void> {
    for (let i = 0; i < 5; i++) await this.exchange(500);
    this.time.tick(1_000);
  }

  [Symbol.dispose](): void {
    this.time.restore();
  }

  readonly #fetch: typeof fetch = (input, init) => {
    this.paths.push(new URL(String(input)).pathname);
    const call = Promise.withResolvers<Response>();
    this.#inFlight.push(call);
    init?.signal?.addEventListener("abort", () => {
      this.#inFlight.splice(this.#inFlight.indexOf(call), 1);
      call.reject(init.signal?.reason);
    });
    return call.promise;
  };
}

Deno.test("DirectusClient.get() queues calls beyond the concurrency limit", async () => {
  using setup = new Setup();
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

Deno.test("DirectusClient.get() rejects a call that was queued for half of its timeout", async () => {
  using setup = new Setup(1);
  const first = setup.get("/a");
  const second = setup.get("/b");
  await setup.time.tickAsync(TIMEOUT_MS / 2);
  assertEquals(await second, "too many calls to Directus are queued; 1000");
  await setup.respond(200);
  assertEquals([await first, setup.paths], ["json", ["/a"]]);
});

Deno.test("DirectusClient.get() deducts the time in the queue from the timeout", async () => {
  using setup = new Setup(1);
  setup.get("/a");
  const second = setup.get("/b");
  await setup.time.tickAsync(2_000);
  await setup.respond(200);
  let answer = "";
  second.then((text) => answer = text);
  await setup.time.tickAsync(2_999);
  await setup.time.runMicrotasks();
  assertEquals([setup.paths, answer], [["/a", "/b"], ""]);
  await setup.time.tickAsync(1);
  assertEquals(await second, "no answer within 3000 ms");
});

Deno.test("CompletedCall.elapsedMs does not include the time in the queue", async () => {
  using setup = new Setup(1);
  const calls = ["/a", "/b"].map((path) => setup.client.get(path, anyCookie));
  for (const _ of calls) {
    await setup.time.tickAsync(300);
    await setup.respond(200);
  }
  const elapsed = (await Promise.all(calls)).map((call) => "elapsedMs" in call && call.elapsedMs);
  assertEquals(elapsed, [300, 300]);
});

for (const status of [500, 502, 503, 504]) {
  Deno.test(`DirectusClient.get() holds calls back after five responses with ${status}`, async () => {
    using setup = new Setup();
    for (let i = 0; i < 5; i++) assertEquals(await setup.exchange(status), `status ${status}`);
    assertEquals(await setup.get("/users/me"), `${HELD_BACK} status ${status}; 1000`);
    assertEquals([setup.paths.length, setup.metrics.directus.heldBack], [5, true]);
  });
}

Deno.test("DirectusClient.get() holds calls back after five timeouts", async () => {
  using setup = new Setup(5);
  const answers = Promise.all(Array.from({ length: 5 }, () => setup.get("/items/events/1")));
  await setup.time.runMicrotasks();
  await setup.time.tickAsync(TIMEOUT_MS);
  await answers;
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
    ["200 and a large body", 200, " ".repeat(65_537), false],
    ["302", 302, "", false],
    ["another server's 404", 404, "{}", false],
    ["431", 431, "", false],
  ] as const
) {
  Deno.test(`DirectusClient.get() does not hold calls back after responses with ${name}`, async () => {
    using setup = new Setup();
    for (let i = 0; i < 20; i++) await setup.exchange(status, body);
    assertEquals([setup.paths.length, setup.metrics.directus.heldBack], [20, false]);
  });

  Deno.test(`DirectusClient.get() resumes after a trial call with ${name}: ${isSuccess}`, async () => {
    using setup = new Setup();
    await setup.halfOpen();
    await setup.exchange(status, body);
    assertEquals(setup.metrics.directus.heldBack, !isSuccess);
  });
}

Deno.test("DirectusClient.get() does not use up the trial call if it cannot be made", async () => {
  using setup = new Setup();
  await setup.halfOpen();
  const cookie = new SessionCookie("session", "\n");
  assertEquals(await setup.get("/users/me", cookie), "cookie cannot be sent in a header");
  assertEquals([setup.paths.length, setup.metrics.directus.heldBack], [5, true]);
  assertEquals([await setup.exchange(200), setup.metrics.directus.heldBack], ["json", false]);
});

Deno.test("DirectusClient.get() rejects queued calls once calls are held back", async () => {
  using setup = new Setup(5);
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
    using setup = new Setup(1);
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
  using setup = new Setup(2);
  const answers = ["/a", "/b", "/c"].map((path) => setup.get(path));
  await setup.time.runMicrotasks();
  setup.respond(401, {}, ERROR); // frees a slot for /c; in the same turn of the event loop:
  await setup.respond(429, { "retry-after": "1" });
  const expected = ["denied", "status 429", `${HELD_BACK} status 429; 1000`];
  assertEquals(await Promise.all(answers), expected);
  assertEquals(setup.paths, ["/a", "/b"]);
});

Deno.test("DirectusClient.get() does not hold calls back because one session's calls fail", async () => {
  using setup = new Setup();
  for (let i = 0; i < 6; i++) await setup.exchange(200);
  const other = new SessionCookie("session", "other");
  for (let i = 0; i < 20; i++) assertEquals(await setup.exchange(500, "{}", other), "status 500");
  assertEquals(setup.metrics.directus.heldBack, false);
});

Deno.test("DirectusClient.get() reveals neither cookie nor hash in a reason or in the log", async () => {
  using setup = new Setup();
  await setup.halfOpen();
  const text = await setup.exchange(500) + JSON.stringify(setup.logger.lines);
  assertNotMatch(text, /s3cr3t/);
  assertEquals(text.includes(anyCookie.hash()), false);
});
