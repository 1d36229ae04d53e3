/**
 * Clients of no good will, and what they see.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import { Opcode, readClose, textFrame } from "../support/frames.ts";
import { RawClient } from "../support/raw_client.ts";
import type { Scene } from "./attack.ts";

/** How many clients connect at a time. */
const AT_A_TIME = 50;

/** Does something so often, some at a time; resolves to what came of each. */
export async function each<T>(
  count: number,
  act: (index: number) => Promise<T>,
  atATime: number = AT_A_TIME,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await act(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, work));
  return results;
}

/** Clients that hang up when they are disposed of. */
export class Gang implements Disposable {
  /** Its members. */
  readonly clients: readonly RawClient[];

  /** Takes clients that are connected. */
  constructor(clients: readonly RawClient[]) {
    this.clients = clients;
  }

  /** Connects and upgrades so many clients of one session, and reads their welcome. */
  static async connect({ target, directus }: Scene, count: number): Promise<Gang> {
    const cookie = directus.session("mallory");
    return new Gang(await each(count, () => enter(target.live, cookie)));
  }

  /** Opens so many TCP connections. */
  static async open({ target }: Scene, count: number): Promise<Gang> {
    return new Gang(await each(count, () => RawClient.connect(target.live)));
  }

  /** Has all of them subscribe. */
  async subscribe(topic: string): Promise<void> {
    await each(this.clients.length, async (index) => {
      const client = this.clients[index] as RawClient;
      await client.sendFrame(textFrame(JSON.stringify({ type: "subscribe", topic })));
      assertEquals((await client.message()).type, "subscribed");
    });
  }

  /** Has each do something, and counts how that ends for them. */
  async all(act: (client: RawClient, index: number) => Promise<string>): Promise<Tally> {
    return tally(await Promise.all(this.clients.map(act)));
  }

  /** Hangs up. */
  [Symbol.dispose](): void {
    for (const client of this.clients) client.close();
  }
}

/** Connects, upgrades and reads the welcome. */
export async function enter(port: number, cookie: string): Promise<RawClient> {
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

/**
 * Reads on until a close frame, or the end of the connection.
 *
 * @returns The close code; `ended` if there was none; `open` if nothing of it came in time, and then
 * the client has hung up.
 */
export async function ending(client: RawClient, withinMs: number): Promise<string> {
  const read = async () => {
    for (;;) {
      const frame = await client.frame();
      if (frame === undefined) return "ended";
      if (frame.opcode === Opcode.Close) return String(readClose(frame).code);
    }
  };
  return await inTime(read().catch(() => "ended"), client, withinMs);
}

/** Reads an answer's status; `ended` and `open` as {@linkcode ending} has them. */
export async function status(client: RawClient, withinMs: number): Promise<string> {
  const read = async () => String((await client.head()).status);
  return await inTime(read().catch(() => "ended"), client, withinMs);
}

/** Writes, whether the other side still takes it or not; returns whether it did. */
export async function write(client: RawClient, data: string | Uint8Array): Promise<boolean> {
  try {
    await client.write(data);
    return true;
  } catch {
    return false;
  }
}

/** How often each thing happened. */
export type Tally = Readonly<Record<string, number>>;

/** Counts. */
export function tally(things: readonly string[]): Tally {
  const counts: Record<string, number> = {};
  for (const thing of things) counts[thing] = (counts[thing] ?? 0) + 1;
  return counts;
}

/** Returns counts for people: `1008 × 100`. */
export function told(counts: Tally): string {
  return Object.entries(counts).map(([thing, count]) => `${thing} × ${count}`).join(", ");
}

/** Asserts that somebody of good will gets in and is served in the midst of it all. */
export async function serveNewcomer({ target, directus }: Scene): Promise<void> {
  using client = await enter(target.live, directus.session("mallory"));
  await client.sendFrame(textFrame('{"type":"subscribe","topic":"event:3"}'));
  assertEquals((await client.message()).type, "subscribed");
}

/** Resolves once a gauge or a counter of the server has a value; throws if it never does. */
export async function reaches(
  { target }: Scene,
  name: string,
  holds: (value: number) => boolean,
  withinMs = 15_000,
): Promise<number> {
  const until = performance.now() + withinMs;
  for (;;) {
    const value = (await target.metrics()).get(name) ?? 0;
    if (holds(value)) return value;
    if (performance.now() > until) throw new Error(`${name} is ${value} after ${withinMs} ms`);
    await pause(100);
  }
}

async function inTime(
  reading: Promise<string>,
  client: RawClient,
  withinMs: number,
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("open"), withinMs);
  const outcome = await Promise.race([reading, promise]);
  clearTimeout(timer);
  if (outcome === "open") client.close();
  return outcome;
}
