/**
 * Clients that attack, and what they observe.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { Opcode, readClose, textFrame } from "../support/frames.ts";
import { RawClient } from "../support/raw_client.ts";
import type { AttackContext } from "./attack.ts";
import { TOKEN } from "./target.ts";

/** How many clients connect concurrently. */
const CONCURRENCY = 50;

/** How often to look at a metric, and how long a server may take on a busy machine, in milliseconds. */
const POLL_MS = 100;
const PATIENCE_MS = 120_000;

/** Calls a function `count` times, some calls concurrently; resolves to the results in order. */
export async function repeat<T>(
  count: number,
  act: (index: number) => Promise<T>,
  concurrency: number = CONCURRENCY,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await act(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, work));
  return results;
}

/** Clients that disconnect when they are disposed of. */
export class Attackers implements Disposable {
  /** The clients. */
  readonly clients: readonly RawClient[];

  private constructor(clients: readonly RawClient[]) {
    this.clients = clients;
  }

  /** Connects and upgrades clients of one session, and reads their welcome. */
  static async connect({ target, directus }: AttackContext, count: number): Promise<Attackers> {
    const cookie = directus.session("mallory");
    return new Attackers(await repeat(count, () => connect(target.live, cookie)));
  }

  /** Opens TCP connections. */
  static async open({ target }: AttackContext, count: number): Promise<Attackers> {
    return new Attackers(await repeat(count, () => RawClient.connect(target.live)));
  }

  /** Subscribes all clients to a topic. */
  async subscribe(topic: string): Promise<void> {
    await repeat(
      this.clients.length,
      (index) => subscribe(this.clients[index] as RawClient, topic),
    );
  }

  /** Lets each client act, and counts the results. */
  async all(act: (client: RawClient, index: number) => Promise<string>): Promise<Tally> {
    return tally(await Promise.all(this.clients.map(act)));
  }

  /** Disconnects all clients. */
  [Symbol.dispose](): void {
    for (const client of this.clients) client.close();
  }
}

/** Connects, upgrades and reads the welcome. */
export async function connect(port: number, cookie: string): Promise<RawClient> {
  const client = await RawClient.connect(port);
  try {
    assertEquals((await client.upgrade("/", { cookie })).status, 101);
    assertEquals((await client.message()).type, "welcome");
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Subscribes a client to a topic. */
export async function subscribe(client: RawClient, topic: string): Promise<void> {
  await client.sendFrame(textFrame(JSON.stringify({ type: "subscribe", topic })));
  assertEquals((await client.message()).type, "subscribed");
}

/** Reads until the connection ends: resolves to the close code, or to `ended` if there was none. */
export async function closeCode(client: RawClient): Promise<string> {
  try {
    for (;;) {
      const frame = await client.frame();
      if (frame === undefined) return "ended";
      if (frame.opcode === Opcode.Close) return String(readClose(frame).code);
    }
  } catch {
    return "ended";
  }
}

/** Reads the status of a response; resolves to `ended` if there is none. */
export async function status(client: RawClient): Promise<string> {
  try {
    return String((await client.head()).status);
  } catch {
    return "ended";
  }
}

/**
 * Resolves to how the connection ended. If it does not end in time, disconnects the client and resolves to
 * `open`, which is right for clients for which the server should wait.
 */
export async function openAfter(
  ms: number,
  client: RawClient,
  outcome: Promise<string>,
): Promise<string> {
  const abort = new AbortController();
  const timeout = sleep(ms, "open", { signal: abort.signal }).catch(() => "open");
  const first = await Promise.race([outcome, timeout]);
  abort.abort();
  if (first === "open") client.close();
  return first;
}

/** Writes; resolves to `false` if the server has broken the connection. */
export async function write(client: RawClient, data: string | Uint8Array): Promise<boolean> {
  try {
    await client.write(data);
    return true;
  } catch {
    return false;
  }
}

/** How often each result occurred. */
export type Tally = Readonly<Record<string, number>>;

/** Counts equal results. */
export function tally(results: readonly string[]): Tally {
  const counts: Record<string, number> = {};
  for (const result of results) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

/** Formats a tally: `1008 × 100`. */
export function format(counts: Tally): string {
  return Object.entries(counts).map(([result, count]) => `${result} × ${count}`).join(", ");
}

/** Asserts that an honest client can connect and subscribe now. */
export async function assertServes({ target, directus }: AttackContext): Promise<void> {
  using client = await connect(target.live, directus.session("mallory"));
  await subscribe(client, "event:3");
}

/** Requests an upgrade and disconnects; resolves to the status. */
export async function upgradeStatus({ target }: AttackContext, cookie: string): Promise<string> {
  using client = await RawClient.connect(target.live);
  const { status } = await client.upgrade("/", { cookie });
  return String(status);
}

/** Makes a call of the operator or of a publisher; resolves to the answer to it. */
export async function post(
  { target }: AttackContext,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  // deno-lint-ignore no-explicit-any -- an attack asserts its shape
): Promise<any> {
  const response = await fetch(`http://127.0.0.1:${target.ops}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assertEquals(response.status, 200, text);
  return JSON.parse(text);
}

/** Resolves to the value of a metric once a condition holds; rejects if it never does. */
export async function metricReaches(
  { target }: AttackContext,
  name: string,
  holds: (value: number) => boolean,
): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = (await target.metrics()).get(name) ?? 0;
    if (holds(value)) return value;
    if (performance.now() > deadline) throw new Error(`${name} stays at ${value}`);
    await sleep(POLL_MS);
  }
}
