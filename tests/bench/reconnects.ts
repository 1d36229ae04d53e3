/**
 * Everybody comes back at once, as after a deployment: what does it cost Directus, and who gets in?
 *
 * 5,000 connections of 500 sessions ask within two seconds, in no order, and subscribe to a topic.
 * Who is told to come back does so at the time that was told.
 *
 * @module
 */

import { ServerProcess } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import type { DirectusOrder, DirectusReady, DirectusReport } from "./directus_worker.ts";

const CONNECTIONS = 5_000;
const SESSIONS = 500;
const WITHIN_MS = 2_000;

/** Defaults of DIRECTUS_MAX_CONCURRENCY and DIRECTUS_CACHE_TTL_MS. */
const MAX_IN_FLIGHT = 16;
const TTL_MS = 5_000;

const DEADLINE_MS = 60_000;

const SUBSCRIBE = new TextEncoder().encode('{"type":"subscribe","topic":"events:1"}');

/** What became of all connections. */
class Tally {
  /** Subscribed, and when the last one was, since the first asked. */
  in = 0;
  inAfterMs = 0;
  /** Subscribed after having been told to come back. */
  inLater = 0;
  /** Answers with 503 and a `Retry-After`, and with `unavailable` and a `retryAfterMs`. */
  toldWhen = 0;
  /** Connections that failed in another way, by that way. */
  readonly failures = new Map<string, number>();

  fail(how: string): void {
    this.failures.set(how, (this.failures.get(how) ?? 0) + 1);
  }
}

/** Runs it on a fast and on a slow Directus; resolves to whether the bounds held. */
export async function reconnects(): Promise<boolean> {
  const fast = await run(20);
  const slow = await run(200);
  return fast && slow;
}

/**
 * Runs it once.
 *
 * A session's answer serves all its connections for the TTL: if some come later than that, as they
 * were told to or as this machine is slow, it is asked for once more.
 *
 * @param delayMs How long Directus takes for each answer.
 */
async function run(delayMs: number): Promise<boolean> {
  const directus = new Directus();
  try {
    const { url, cookies } = await directus.ask<DirectusReady>(
      { delayMs, sessions: SESSIONS } satisfies DirectusOrder,
    );
    await using server = await ServerProcess.spawn({ DIRECTUS_BASE_URL: url });
    const { live } = await server.ports();
    const tally = await comeBack(live, cookies);
    const report = await directus.ask<DirectusReport>("report");
    const maxCalls = SESSIONS * Math.ceil(tally.inAfterMs / TTL_MS);
    const bounds = {
      "calls to /users/me": [report.users, maxCalls],
      "calls to /items": [report.items, maxCalls],
      "most calls in flight": [report.mostInFlight, MAX_IN_FLIGHT],
    } as const;
    print(`reconnects: ${CONNECTIONS} connections of ${SESSIONS} sessions within ${WITHIN_MS} ms`);
    print(`  Directus takes ${delayMs} ms`);
    for (const [name, [count, most]] of Object.entries(bounds)) {
      print(`  ${name}: ${count} (at most ${most})`);
    }
    print(`  got in: ${tally.in}, the last after ${Math.round(tally.inAfterMs)} ms`);
    print(
      `  told when to come back: ${tally.toldWhen} times; came back and got in: ${tally.inLater}`,
    );
    for (const [how, count] of tally.failures) print(`  failed: ${count} × ${how}`);
    return tally.in === CONNECTIONS &&
      Object.values(bounds).every(([count, most]) => count <= most);
  } finally {
    directus.terminate();
  }
}

/** Has all clients come, spread evenly over the time, and resolves once each is in or has failed. */
async function comeBack(port: number, cookies: readonly string[]): Promise<Tally> {
  const tally = new Tally();
  const clients: RawClient[] = [];
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const startedAt = performance.now();
  const arrive = async (cookie: string, index: number) => {
    await sleep(index * WITHIN_MS / CONNECTIONS);
    await enter(port, cookie, { tally, clients, deadline, startedAt });
  };
  await Promise.all(shuffled(cookies).map(arrive));
  for (const client of clients) client.close();
  return tally;
}

/** Comes as often as it is told to, and says what came of it. */
async function enter(
  port: number,
  cookie: string,
  { tally, clients, deadline, startedAt }: {
    tally: Tally;
    clients: RawClient[];
    deadline: AbortSignal;
    startedAt: number;
  },
): Promise<void> {
  let isLate = false;
  const comeBackIn = async (waitMs: number) => {
    isLate = true;
    tally.toldWhen++;
    await sleep(waitMs);
    if (deadline.aborted) throw new Error("not in at the deadline");
  };
  try {
    let client = await RawClient.connect(port);
    for (;;) {
      clients.push(client);
      const { status, headers } = await client.upgrade("/", { cookie });
      if (status === 101) break;
      const retryAfter = headers.get("retry-after");
      if (status !== 503 || retryAfter === null) throw new Error(`status ${status}`);
      client.close();
      await comeBackIn(Number(retryAfter) * 1_000);
      client = await RawClient.connect(port);
    }
    await client.message(); // welcome
    for (;;) {
      await client.sendFrame({ opcode: 1, payload: SUBSCRIBE });
      const { type, code, retryAfterMs } = await client.message();
      if (type === "subscribed") break;
      if (code !== "unavailable") throw new Error(`answer ${code}`);
      await comeBackIn(retryAfterMs);
    }
    tally.in++;
    if (isLate) tally.inLater++;
    tally.inAfterMs = performance.now() - startedAt;
  } catch (error) {
    tally.fail(String(error));
  }
}

/** The cookies for all connections, each as often as the others, in no order. */
function shuffled(cookies: readonly string[]): string[] {
  return Array.from({ length: CONNECTIONS }, (_, index) => ({
    cookie: cookies[index % cookies.length] ?? "",
    place: Math.random(),
  })).sort((a, b) => a.place - b.place).map(({ cookie }) => cookie);
}

/** The thread of the stand-in. */
class Directus {
  readonly #worker = new Worker(new URL("./directus_worker.ts", import.meta.url), {
    type: "module",
  });

  /** Tells it something and resolves to its answer. */
  ask<T>(message: unknown): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#worker.onmessage = ({ data }) => resolve(data);
    this.#worker.onerror = ({ message }) => reject(new Error(message));
    this.#worker.postMessage(message);
    return promise;
  }

  /** Ends it. */
  terminate(): void {
    this.#worker.terminate();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
