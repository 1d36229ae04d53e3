/**
 * All clients reconnect at once, as after a deployment: what does that cost Directus, and do all get
 * in?
 *
 * 5,000 connections of 500 sessions arrive within two seconds, in random order, and subscribe to a
 * topic. A client that must retry does so at the time that the server names.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { textFrame } from "../support/frames.ts";
import { ServerProcess } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { Directus } from "./directus.ts";
import { print } from "./figures.ts";

const CONNECTIONS = 5_000;
const SESSIONS = 500;
const WITHIN_MS = 2_000;

/** Defaults of DIRECTUS_MAX_CONCURRENCY and DIRECTUS_CACHE_TTL_MS. */
const MAX_IN_FLIGHT = 16;
const TTL_MS = 5_000;

/** When clients stop retrying, in milliseconds. */
const DEADLINE_MS = 60_000;

const SUBSCRIBE = textFrame('{"type":"subscribe","topic":"events:1"}');

/** The results of all connections. */
class Tally {
  /** Connections that are subscribed, and when the last one was, in milliseconds. */
  subscribed = 0;
  lastMs = 0;
  /** Connections that are subscribed after a retry. */
  subscribedLater = 0;
  /** Answers that name the time of a retry. */
  retries = 0;
  /** Connections that failed, by error. */
  readonly failures = new Map<string, number>();

  fail(error: string): void {
    this.failures.set(error, (this.failures.get(error) ?? 0) + 1);
  }
}

/** Runs it on a fast and on a slow Directus; resolves to whether the bounds held. */
export async function reconnects(): Promise<boolean> {
  const fast = await run(20);
  const slow = await run(200);
  return fast && slow;
}

/**
 * Runs it once. An answer for a session serves all its connections until its cache entry expires, so
 * clients that arrive later, after a retry or on a slow machine, cause another call.
 */
async function run(delayMs: number): Promise<boolean> {
  await using directus = await Directus.start(SESSIONS, delayMs);
  await using server = await ServerProcess.spawn({ DIRECTUS_BASE_URL: directus.url });
  const { live } = await server.ports();
  const tally = await reconnectAll(live, directus.cookies);
  const report = await directus.report();
  const maxCalls = SESSIONS * Math.ceil(tally.lastMs / TTL_MS);
  const bounds = {
    "calls of /users/me": [report.users, maxCalls],
    "calls of /items": [report.items, maxCalls],
    "calls in flight": [report.mostInFlight, MAX_IN_FLIGHT],
  } as const;
  print(`reconnects: ${CONNECTIONS} connections of ${SESSIONS} sessions within ${WITHIN_MS} ms`);
  print(`  Directus takes ${delayMs} ms for an answer`);
  for (const [name, [count, max]] of Object.entries(bounds)) {
    print(`  ${name}: ${count} (at most ${max})`);
  }
  print(`  subscribed: ${tally.subscribed}, the last after ${Math.round(tally.lastMs)} ms`);
  print(`  asked to retry: ${tally.retries} times; subscribed then: ${tally.subscribedLater}`);
  for (const [error, count] of tally.failures) print(`  failed: ${count} × ${error}`);
  return tally.subscribed === CONNECTIONS &&
    Object.values(bounds).every(([count, max]) => count <= max);
}

/** Connects all clients, evenly over the time; resolves once each is subscribed or has failed. */
async function reconnectAll(port: number, cookies: readonly string[]): Promise<Tally> {
  const tally = new Tally();
  const startedAt = performance.now();
  const deadline = startedAt + DEADLINE_MS;
  using stack = new DisposableStack();
  await Promise.all(
    shuffled(cookies).map(async (cookie, index) => {
      await sleep(index * WITHIN_MS / CONNECTIONS);
      let hasRetried = false;
      const retryAfter = async (ms: number) => {
        hasRetried = true;
        tally.retries++;
        if (performance.now() + ms > deadline) throw new Error("not subscribed at the deadline");
        await sleep(ms);
      };
      try {
        await subscribe(stack.use(await connect(port, cookie, retryAfter)), retryAfter);
        tally.subscribed++;
        if (hasRetried) tally.subscribedLater++;
        tally.lastMs = performance.now() - startedAt;
      } catch (error) {
        tally.fail(String(error));
      }
    }),
  );
  return tally;
}

/** Connects, as often as the server asks for a retry. */
async function connect(
  port: number,
  cookie: string,
  retryAfter: (ms: number) => Promise<void>,
): Promise<RawClient> {
  for (;;) {
    const client = await RawClient.connect(port);
    const { status, headers } = await client.upgrade("/", { cookie });
    if (status === 101) return client;
    client.close();
    const seconds = headers.get("retry-after");
    if (status !== 503 || seconds === null) throw new Error(`status ${status}`);
    await retryAfter(Number(seconds) * 1_000);
  }
}

/** Subscribes, as often as the server asks for a retry. */
async function subscribe(
  client: RawClient,
  retryAfter: (ms: number) => Promise<void>,
): Promise<void> {
  await client.message(); // welcome
  for (;;) {
    await client.sendFrame(SUBSCRIBE);
    const { type, code, retryAfterMs } = await client.message();
    if (type === "subscribed") return;
    if (code !== "unavailable") throw new Error(`error ${code}`);
    await retryAfter(retryAfterMs);
  }
}

/** The cookies of all connections, each equally often, in random order. */
function shuffled(cookies: readonly string[]): string[] {
  return Array.from({ length: CONNECTIONS }, (_, index) => ({
    cookie: cookies[index % cookies.length] ?? "",
    order: Math.random(),
  })).sort((a, b) => a.order - b.order).map(({ cookie }) => cookie);
}
