/**
 * Tests of which clients are served while Directus is slow or under attack, on a fake clock.
 *
 * @module
 */

import { assertEquals, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import type { Authority } from "../../live/domain/authority.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { Revalidator } from "../../live/session/revalidator.ts";
import { userOf } from "../support/authorities.ts";
import { createClient, type FakeSocket } from "../support/fake_client.ts";
import { Random } from "../support/random.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { topicOf } from "./setup.ts";

/** How often sessions are revalidated, in milliseconds. */
const INTERVAL_MS = 5_000;

/** A Directus whose every call takes the same time, with the authority and revalidator on it. */
class Setup implements Disposable {
  readonly time: FakeTime = new FakeTime(0);
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  readonly logger: RecordingLogger = new RecordingLogger();
  /** Sessions that are over, by their cookie's value. */
  readonly over: Set<string> = new Set();
  readonly #random = new Random(1);
  readonly authority: Authority;
  readonly revalidator: Revalidator;

  constructor(callMs: number) {
    const { metrics, logger } = this;
    const now = () => this.time.now;
    this.authority = createDirectusAuthority({
      baseUrl: "http://directus",
      timeoutMs: 5_000,
      topics: new Map(),
      metrics,
      logger,
      fetch: async (_, init) => {
        await new Promise((resolve) => setTimeout(resolve, callMs));
        const cookie = new Headers(init?.headers).get("cookie")?.replace("session=", "");
        return this.#respond(cookie);
      },
      now,
      random: () => this.#random.next(),
    });
    const { authority } = this;
    this.revalidator = new Revalidator({
      authority,
      intervalMs: INTERVAL_MS,
      metrics,
      logger,
      now,
    });
  }

  /** Connects a session without topics. */
  connect(name: string): FakeSocket {
    const { connection, socket } = createClient({
      user: userOf(name),
      credential: new SessionCookie("session", name),
      onEnd: () => this.revalidator.remove(monitored),
    });
    const monitored = { connection, topics: [], withdraw: () => false };
    this.revalidator.add(monitored);
    return socket;
  }

  /** Authenticates a new client; retries after each delay that it gets, until it is admitted. */
  async enter(name: string): Promise<void> {
    for (;;) {
      const answer = await this.authority.authenticate(new SessionCookie("session", name));
      if (answer.kind !== "unavailable") return;
      await new Promise((resolve) => setTimeout(resolve, answer.retryAfterMs));
    }
  }

  /** Lets time pass in steps of 100 ms. */
  async pass(ms: number, eachStep: () => void = () => {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      eachStep();
      this.time.tick(100);
      await this.time.runMicrotasks();
    }
  }

  /** Ends the clock. Whatever waits for it never continues. */
  [Symbol.dispose](): void {
    this.time.restore();
  }

  #respond(name: string | undefined): Response {
    if (name?.startsWith("made-up")) return new Response("{}", { status: 500 });
    if (name === undefined || this.over.has(name)) {
      const error = { message: "No.", extensions: { code: "INVALID_CREDENTIALS" } };
      return Response.json({ errors: [error] }, { status: 401 });
    }
    return Response.json({ data: { id: name } });
  }
}

Deno.test("A Directus that answers just inside its timeout authenticates as many of 2,000 clients as it can", async () => {
  using setup = new Setup(4_900);
  let entered = 0;
  for (let i = 0; i < 2_000; i++) setup.enter(`user-${i}`).then(() => entered++);
  await setup.pass(150_000);
  const possible = 16 * 150_000 / 4_900;
  assertGreaterOrEqual(entered, 0.9 * possible);
  assertEquals(setup.logger.lines, []);
});

Deno.test("400 sessions are revalidated in time even if each call takes 100 ms", async () => {
  using setup = new Setup(100);
  for (let i = 0; i < 400; i++) setup.connect(`user-${i}`);
  await setup.pass(4 * INTERVAL_MS);
  assertGreaterOrEqual(setup.metrics.revalidations.length, 3 * 400);
  assertLess(Math.max(...setup.metrics.lags), INTERVAL_MS / 2);
});

Deno.test("A session that is over is closed within two intervals under a flood of made-up cookies", async () => {
  using setup = new Setup(100);
  const sockets = Array.from({ length: 50 }, (_, i) => setup.connect(`user-${i}`));
  let count = 0;
  const flood = () => {
    for (let i = 0; i < 50; i++) {
      setup.authority.authenticate(new SessionCookie("session", `made-up-${count++}`));
    }
  };
  await setup.pass(2 * INTERVAL_MS, flood);
  for (let i = 0; i < 50; i++) setup.over.add(`user-${i}`);
  await setup.pass(2 * INTERVAL_MS, flood);
  const ended: [number, string][] = [[4401, "session is no longer good"]];
  assertEquals(sockets.map(({ closes }) => closes), Array(50).fill(ended));
  assertLessOrEqual(Math.max(...setup.metrics.lags), INTERVAL_MS);
  assertEquals(setup.metrics.directus.heldBack, false);
});

Deno.test("New clients are authenticated at once while one user's sessions ask for thousands of topics", async () => {
  using setup = new Setup(100);
  for (let i = 0; i < 32 * 128; i++) {
    const cookie = new SessionCookie("session", `made-up-${i % 32}`);
    setup.authority.authorise(cookie, topicOf(`events:${i}`));
  }
  await setup.pass(1_000);
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    const since = setup.time.now;
    setup.enter(`user-${i}`).then(() => waits.push(setup.time.now - since));
    await setup.pass(500);
  }
  assertEquals(waits.length, 20);
  assertLessOrEqual(Math.max(...waits), 300);
});
