/**
 * Publishing through Redis: by calls and batches, on one Redis and on a cluster, and by the ingest stream.
 *
 * @module
 */

import { Publication } from "../../../live/domain/publication.ts";
import { RedisCluster } from "../../support/redis_cluster.ts";
import { hasRedis, RedisServer } from "../../support/redis_server.ts";
import { STREAM, TestIngest } from "../../redis/ingest_setup.ts";
import { TestBroker } from "../../redis/setup.ts";
import type { Outcome, Scenario } from "./scenario.ts";

/** The bounds that servers have by default. */
const BOUNDS = { historySize: 256, historyTtlMs: 300_000, historyMaxBytes: 268_435_456 };

/** Topics, and keys of each. A payload has about 200 bytes. */
const TOPICS = 100;
const KEYS = 20;
const PAD = "x".repeat(180);

/** Publish calls in flight. */
const IN_FLIGHT = 16;

/** How long each figure is measured, in milliseconds, after as long to warm up. */
const MEASURE_MS = 2_000;

/** Publications whose way to another broker is timed, and how many a second, so that nothing queues. */
const TIMED = 1_000;
const TIMED_PER_SECOND = 500;

/** Entries of the ingest stream that are waiting when the ingest starts. */
const ENTRIES = 20_000;

/** Calls with one publication, and batches; on one Redis and on a cluster of three masters. */
export const redis: Scenario = {
  title: "Publishing through Redis",
  async run(rounds: number): Promise<Outcome> {
    if (!hasRedis) return { text: "SKIPPED: needs redis-server." };
    const rows = new Map<string, number[][]>();
    for (let round = 0; round < rounds; round++) {
      await using single = await RedisServer.start();
      await using cluster = await RedisCluster.start();
      for (
        const [name, url] of [["one Redis", single.url], ["three masters", cluster.url]] as const
      ) {
        const figures = await measure(url);
        rows.set(name, [...rows.get(name) ?? [], figures]);
      }
    }
    const head = [
      "",
      "calls of 1",
      "calls of 100",
      "messages in calls of 100",
      "p50",
      "p99",
      "ingest",
    ];
    const units = ["", "a second", "a second", "a second", "ms", "ms", "entries a second"];
    const table = [...rows].map(([name, all]) => [name, ...medians(all).map(textOf)]);
    const lines = [head, head.map(() => "---"), units, ...table].map((row) =>
      `| ${row.join(" | ")} |`
    );
    return {
      text:
        `Payloads of 200 bytes with a key, ${TOPICS} topics, ${IN_FLIGHT} calls in flight. p50 and p99: ` +
        `from a publish call on one broker to the change in another, at ${TIMED_PER_SECOND} a second. Redis, ` +
        `brokers and ingest share the cores. Medians:\n\n${lines.join("\n")}`,
    };
  },
};

/** Measures one address. */
async function measure(url: string): Promise<number[]> {
  await using publisher = await TestBroker.start({ url }, BOUNDS);
  const ones = await callsPerSecond(publisher, 1);
  const batches = await callsPerSecond(publisher, 100);
  const [p50, p99] = await latencies(publisher, url);
  return [ones, batches, batches * 100, p50, p99, await entriesPerSecond(url)];
}

/** Keeps calls in flight, first to warm up. */
async function callsPerSecond(broker: TestBroker, size: number): Promise<number> {
  let calls = 0;
  let next = 0;
  const until = performance.now() + 2 * MEASURE_MS;
  const countFrom = until - MEASURE_MS;
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (performance.now() < until) {
      await broker.publish(Array.from({ length: size }, () => publicationOf(next++)));
      if (performance.now() > countFrom && performance.now() < until) calls++;
    }
  }));
  return calls * 1_000 / MEASURE_MS;
}

/** Times publications on their way from one broker to the replica of another one. */
async function latencies(publisher: TestBroker, url: string): Promise<[p50: number, p99: number]> {
  await using subscriber = await TestBroker.start({ url }, BOUNDS);
  const topic = "timed:1";
  const log = await subscriber.open(topic);
  const sentAt: number[] = [];
  const times: number[] = [];
  subscriber.onChanged = () => {
    while (times.length < log.head) times.push(performance.now() - (sentAt[times.length] ?? 0));
  };
  const beginning = performance.now();
  for (let i = 0; i < TIMED; i++) {
    sentAt.push(performance.now());
    publisher.publish([Publication.from({ topic, data: { i, PAD } })]);
    const ahead = (i + 1) * 1_000 / TIMED_PER_SECOND - (performance.now() - beginning);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, ahead)));
  }
  await subscriber.until(() => log.head === TIMED);
  times.sort((a, b) => a - b);
  return [times[TIMED / 2] ?? 0, times[TIMED * 0.99] ?? 0];
}

/** Has entries published that wait in the stream. */
async function entriesPerSecond(url: string): Promise<number> {
  const ingest = new TestIngest({ url });
  ingest.link.start();
  await ingest.link.up();
  await ingest.link.run(STREAM, async ({ commands }) => {
    const entry = (
      i: number,
    ) => ["topic", `event:${i % TOPICS}`, "key", `k${i % KEYS}`, "data", `"${PAD}"`];
    const adds = Array.from(
      { length: ENTRIES },
      (_, i) => commands.run(["XADD", STREAM, "*", ...entry(i)]),
    );
    await Promise.all(adds);
  });
  const from = performance.now();
  ingest.start();
  await ingest.results(ENTRIES);
  const elapsed = performance.now() - from;
  await ingest.stop();
  return ENTRIES * 1_000 / elapsed;
}

function publicationOf(i: number): Publication {
  return Publication.from({
    topic: `event:${i % TOPICS}`,
    key: `k${Math.floor(i / TOPICS) % KEYS}`,
    data: { i, PAD },
  });
}

function medians(rounds: readonly number[][]): number[] {
  return (rounds[0] ?? []).map((_, column) => {
    const values = rounds.map((figures) => figures[column] ?? 0).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? 0;
  });
}

function textOf(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString("en") : figure.toPrecision(3);
}
