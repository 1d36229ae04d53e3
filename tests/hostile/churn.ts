/**
 * Clients that connect and disconnect.
 *
 * @module
 */

import { assert } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { ALLOCATOR_MIB, type Attack, type AttackContext } from "./attack.ts";
import { assertServes, metricReaches, repeat } from "./attackers.ts";
import { leakMib } from "./leak.ts";
import { LightClient, upgradeRequest } from "./light_client.ts";

/** How many clients connect concurrently. */
const CONCURRENCY = 64;

/** Clients of a storm. */
const STORM = 10_000;

/** Clients between two measurements of a day, and the number of measurements. */
const DAY_ROUND = 12_000;
const DAY_ROUNDS = 5;

/** Heap that a client of the day may leave behind, in bytes. An empty object and its reference take 64. */
const MAX_LEAK_BYTES = 48;

/** How much the resident memory may grow over the day. */
const MAX_GROWTH = 1.2;

/**
 * Deno keeps a WebSocket whose client disconnected without a close frame until its idle timer fires. So the
 * timers are short here. On a real day there are few such sockets at a time.
 */
const STORM_PING_MS = 5_000;
const DAY_PING_MS = 1_000;

async function upgraded(context: AttackContext): Promise<string> {
  const request = upgradeRequest(context.directus.session("mallory"));
  await repeat(STORM, async () => {
    using client = await LightClient.connect(context.target.live);
    await client.write(request);
    await client.read("HTTP/1.1 101");
  }, CONCURRENCY);
  await assertServes(context);
  return `${STORM} connect, upgrade and disconnect`;
}

/** Disconnects at once, after half a request, and after a request without awaiting the answer. */
async function unfinished(context: AttackContext): Promise<string> {
  const request = upgradeRequest(context.directus.session("mallory"));
  const parts = [0, request.length / 2, request.length].map((end) => request.subarray(0, end));
  await repeat(STORM, async (index) => {
    using client = await LightClient.connect(context.target.live);
    await client.write(parts[index % parts.length] ?? request);
  }, CONCURRENCY);
  await assertServes(context);
  return `${STORM} connect and disconnect before the answer`;
}

/** Makes in a minute as many connections as a small site has in a day. */
async function day(context: AttackContext): Promise<string> {
  const { target } = context;
  const request = upgradeRequest(context.directus.session("mallory"));
  const heapsMib: number[] = [];
  const memoryMib: number[] = [];
  for (let round = 0; round < DAY_ROUNDS; round++) {
    await repeat(DAY_ROUND, async () => {
      using _client = await LightClient.subscribe(target.live, request, "event:2");
    }, CONCURRENCY);
    await metricReaches(context, "connections", (value) => value === 1);
    await sleep(2 * DAY_PING_MS);
    heapsMib.push(await target.collect());
    memoryMib.push(target.memoryMib.now);
  }
  const leakBytes = leakMib(heapsMib) * 1_048_576 / DAY_ROUND;
  const [warmMib = NaN, endMib = NaN] = [memoryMib.at(0), memoryMib.at(-1)];
  const summary = `${warmMib} MiB after ${DAY_ROUND} connections, ${endMib} MiB after ` +
    `${DAY_ROUNDS * DAY_ROUND}; each left ${leakBytes.toFixed(0)} bytes in the heap`;
  assert(leakBytes <= MAX_LEAK_BYTES, summary);
  assert(endMib <= warmMib * MAX_GROWTH, summary);
  return summary;
}

/** Room for what Deno keeps of disconnected sockets until their idle timers fire, in MiB. */
const bounds = { maxGrowthMib: 512, maxRetainedMib: ALLOCATOR_MIB };

const stormEnv = { LIVE_WS_PING_INTERVAL_MS: `${STORM_PING_MS}` };
const dayEnv = { LIVE_WS_PING_INTERVAL_MS: `${DAY_PING_MS}` };

/** Attacks by clients that connect and disconnect. */
export const churn: readonly Attack[] = [
  { name: "churn-upgraded", env: stormEnv, ...bounds, run: upgraded },
  { name: "churn-unfinished", env: stormEnv, ...bounds, run: unfinished },
  { name: "day", env: dayEnv, ...bounds, run: day },
];
