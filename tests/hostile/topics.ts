/**
 * One client that subscribes to a million topics, one after the other.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { RawClient } from "../support/raw_client.ts";
import { ALLOCATOR_MIB, type Attack, type AttackContext } from "./attack.ts";
import { Attackers, metricReaches, repeat } from "./attackers.ts";
import { BOUNDLESS } from "./directus_proxy.ts";
import { leakMib } from "./leak.ts";
import { joinBytes, jsonFrame } from "./light_client.ts";

/** How many topics a client has at a time: the server's default. */
const BATCH = 128;

/** Other clients, whose topics are open all the time. */
const OTHERS = 100;

/**
 * Topics of the first measurement, while the server has few. As many are used before it, to compile the
 * code.
 */
const FIRST = 100 * BATCH;

/** Topics between two measurements, and the number of measurements: a million topics. */
const ROUND = 800 * BATCH;
const ROUNDS = 10;

/** How many times more CPU time a topic may cost in the last round than at the beginning. */
const MAX_SLOWDOWN = 3;

/**
 * Heap that a forgotten topic may leave behind, in bytes. A leak would be larger: the smallest object takes
 * 24, and something must refer to it.
 */
const MAX_LEAK_BYTES = 24;

/** How long the server caches Directus's answer about a topic, in milliseconds. */
const CACHE_MS = 500;

/** Subscribes to or unsubscribes from a batch of topics, and awaits all answers. */
async function send(
  client: RawClient,
  type: "subscribe" | "unsubscribe",
  first: number,
): Promise<void> {
  const topics = Array.from({ length: BATCH }, (_, index) => `${BOUNDLESS}:${first + index}`);
  await client.write(joinBytes(topics.map((topic) => jsonFrame({ type, topic }))));
  for (let answers = 0; answers < BATCH;) {
    const messages = [await client.message()].flat();
    for (const message of messages) assertEquals(message.type, `${type}d`, message.message);
    answers += messages.length;
  }
}

async function millionTopics(context: AttackContext): Promise<string> {
  const { target } = context;
  using others = await Attackers.connect(context, OTHERS);
  await repeat(OTHERS, (n) => send(others.clients[n] as RawClient, "subscribe", n * BATCH));
  using attackers = await Attackers.connect(context, 1);
  const [client] = attackers.clients as [RawClient];
  const open = (await target.metrics()).get("topics");
  let topic = OTHERS * BATCH;
  /** Visits topics; resolves to the CPU time of the server for one of them, in microseconds. */
  const visit = async (count: number) => {
    const startSeconds = target.cpuSeconds;
    for (const end = topic + count; topic < end; topic += BATCH) {
      await send(client, "subscribe", topic);
      await send(client, "unsubscribe", topic);
    }
    return (target.cpuSeconds - startSeconds) * 1e6 / count;
  };
  /** Resolves to the heap in MiB, without cached answers of Directus, which the next question drops. */
  const heapMib = async () => {
    await metricReaches(context, "topics", (value) => value === open);
    await sleep(2 * CACHE_MS);
    await visit(BATCH);
    return await target.collect();
  };
  await visit(FIRST);
  const firstUs = await visit(FIRST);
  let lastUs = NaN;
  const heapsMib: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    lastUs = await visit(ROUND);
    heapsMib.push(await heapMib());
  }
  const leakBytes = leakMib(heapsMib) * 1_048_576 / ROUND;
  const summary = `${topic} topics one after the other, ${firstUs.toFixed(0)} µs each at first, ` +
    `${lastUs.toFixed(0)} µs in the end; each left ${leakBytes.toFixed(0)} bytes (heap in MiB: ${
      heapsMib.map((mib) => mib.toFixed(1)).join(", ")
    })`;
  assert(lastUs <= firstUs * MAX_SLOWDOWN, summary);
  assert(leakBytes <= MAX_LEAK_BYTES, summary);
  return summary;
}

/** The attack by topics. */
export const topics: readonly Attack[] = [{
  name: "million-topics",
  env: { LIVE_MAX_MESSAGES_PER_SECOND: "1000000", DIRECTUS_CACHE_TTL_MS: `${CACHE_MS}` },
  maxRetainedMib: ALLOCATOR_MIB,
  maxRetainedHeapMib: 64, // idle topics are kept for clients that reconnect
  maxGrowthMib: 512,
  run: millionTopics,
}];
