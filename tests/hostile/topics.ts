/**
 * One client that subscribes to one topic after the other, without end.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { MAX_IDLE_TOPICS } from "../../live/history/memory_broker.ts";
import type { RawClient } from "../support/raw_client.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { Attackers, metricReaches, repeat } from "./attackers.ts";
import { BOUNDLESS } from "./directus_proxy.ts";
import { joinBytes, jsonFrame } from "./light_client.ts";

/** How many topics a client has at a time: the server's default. */
const BATCH = 128;

/** Other clients, whose topics are open all the time. */
const OTHERS = 100;

/** Topics between two measurements. */
const ROUND = 100 * BATCH;

/** How much more CPU time a topic may cost when as many idle topics are kept as the server allows. */
const MAX_SLOWDOWN = 3;

/**
 * Heap that a forgotten topic may leave behind, in bytes. An idle topic has some 700; the tables of maps
 * grow and shrink by megabytes.
 */
const MAX_LEAK_BYTES = 256;

/** After this the server has forgotten what Directus answered about a topic, in milliseconds. */
const CACHED_MS = 6_000;

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

async function topicChurn(context: AttackContext): Promise<string> {
  const { target } = context;
  using others = await Attackers.connect(context, OTHERS);
  await repeat(OTHERS, (n) => send(others.clients[n] as RawClient, "subscribe", n * BATCH));
  using attackers = await Attackers.connect(context, 1);
  const [client] = attackers.clients as [RawClient];
  const open = (await target.metrics()).get("topics");
  let topic = OTHERS * BATCH;
  /** Visits topics; resolves to the CPU time of the server for one of them, in microseconds. */
  const round = async () => {
    const startSeconds = target.cpuSeconds;
    for (const end = topic + ROUND; topic < end; topic += BATCH) {
      await send(client, "subscribe", topic);
      await send(client, "unsubscribe", topic);
    }
    await metricReaches(context, "topics", (value) => value === open);
    return (target.cpuSeconds - startSeconds) * 1e6 / ROUND;
  };
  await round(); // compiles the code
  const freshUs = await round();
  while (topic < OTHERS * BATCH + MAX_IDLE_TOPICS) await round();
  const heapMib = async () => {
    await sleep(CACHED_MS);
    return await target.collect();
  };
  const warmMib = await heapMib();
  const fullUs = (await round() + await round()) / 2;
  const leakBytes = (await heapMib() - warmMib) * 1_048_576 / (2 * ROUND);
  const summary = `${topic} topics one after the other, ${freshUs.toFixed(0)} µs each at first, ` +
    `${fullUs.toFixed(0)} µs in the end, which left ${leakBytes.toFixed(0)} bytes`;
  assert(fullUs <= freshUs * MAX_SLOWDOWN, summary);
  assert(leakBytes <= MAX_LEAK_BYTES, summary);
  return summary;
}

/** The attack by topics. */
export const topics: readonly Attack[] = [{
  name: "topic-churn",
  env: { LIVE_MAX_MESSAGES_PER_SECOND: "1000000" },
  maxRetainedMib: 160,
  maxRetainedHeapMib: 64, // idle topics are kept for clients that reconnect
  maxGrowthMib: 512,
  run: topicChurn,
}];
