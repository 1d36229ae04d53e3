/**
 * Tests of how entries of the ingest stream are published.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { add, settled, STREAM, TestIngest } from "./ingest_setup.ts";
import { brokerTest, dataOf, entriesOf } from "./setup.ts";

brokerTest(
  "Ingest publishes added entries in order, with keys and removals",
  async (broker, redis) => {
    const log = await broker.open("a:1");
    await using ingest = TestIngest.start(redis);

    await add(redis, "topic", "a:1", "data", '{"x":1.00}', "key", "k", "more", "ignored");
    await add(redis, "data", "2", "topic", "a:1");
    await add(redis, "topic", "a:1", "key", "k", "removed", "1");

    await broker.until(() => log.head === 3);
    const entries = [[1, "k", '{"x":1.00}'], [2, undefined, "2"], [3, "k", undefined]];
    assertEquals([entriesOf(log.read(0, Infinity)), entriesOf(log.latest(0))], [entries, []]);
    await ingest.results(3);
    const { ingests, publications } = ingest.metrics;
    assertEquals([ingests, publications], [["published", "published", "published"], 3]);
    await settled(redis);
  },
);

brokerTest(
  "Ingest publishes entries that were added before any instance started",
  async (broker, redis) => {
    const log = await broker.open("a:1");
    for (let i = 1; i <= 600; i++) await add(redis, "topic", "a:1", "data", `${i}`);

    await using _ingest = TestIngest.start(redis);

    await broker.until(() => log.head === 600);
    assertEquals(dataOf(log.read(0, Infinity)), Array.from({ length: 600 }, (_, i) => i + 1));
  },
);

const faults: readonly [what: string, reason: string, ...fields: string[]][] = [
  ["no topic", "topic: Invalid input: expected string, received undefined", "data", "1"],
  [
    "a bad topic",
    "topic: must be <prefix>:<id>, its id the key of one item",
    ...["topic", "a:..", "data", "1"],
  ],
  ["no data", "data: missing", "topic", "a:1"],
  ["data that is not JSON", "data: not JSON", "topic", "a:1", "data", "{x:1}"],
  ["empty data", "data: not JSON", "topic", "a:1", "data", ""],
  [
    "a key that is too long",
    "key: Too big: expected string to have <=256 characters",
    ...["topic", "a:1", "data", "1", "key", "k".repeat(257)],
  ],
  [
    "data that is too long",
    "data: longer than 1048576",
    ...["topic", "a:1", "data", JSON.stringify("x".repeat(1_048_576))],
  ],
  [
    "other fields",
    "topic: Invalid input: expected string, received undefined",
    ...["__proto__", "1", "constructor", "2", "payload", "3"],
  ],
  ["an invalid removed", "removed: must be 1", "topic", "a:1", "key", "k", "removed", "true"],
  [
    "a removal with data",
    "data: must be absent if removed is true",
    ...["topic", "a:1", "key", "k", "removed", "1", "data", "1"],
  ],
  [
    "a removal without a key",
    "key: missing; a removal must name the key",
    ...["topic", "a:1", "removed", "1"],
  ],
];

brokerTest("Ingest skips malformed entries, and continues", async (broker, redis) => {
  const log = await broker.open("a:1");
  await add(redis, "topic", "a:1", "data", "1");
  const ids: string[] = [];
  for (const [, , ...fields] of faults) ids.push(await add(redis, ...fields));
  await add(redis, "topic", "a:1", "data", "2");

  await using ingest = TestIngest.start(redis);

  await ingest.results(2 + faults.length);
  await broker.until(() => log.head === 2);
  assertEquals(dataOf(log.read(0, Infinity)), [1, 2]);
  assertEquals(ingest.metrics.ingests.toSorted(), [
    ...faults.map(() => "malformed"),
    ...["published", "published"],
  ]);
  for (const [i, [what, reason]] of faults.entries()) {
    const line = ingest.logger.of("warn")[i];
    assertEquals([line?.message, line?.fields], [
      "ingest: malformed entry",
      { stream: STREAM, id: ids[i], reason },
    ], what);
  }
  await settled(redis);
});

brokerTest(
  "Ingest publishes each entry once and in order, over two instances",
  async (broker, redis) => {
    const topics = ["a:1", "b:1"];
    const logs = await Promise.all(topics.map((topic) => broker.open(topic)));
    await using one = TestIngest.start(redis, "one");
    await using _two = TestIngest.start(redis, "two");

    for (let i = 0; i < 200; i++) {
      await add(redis, "topic", topics[i % 2] ?? "", "data", `${i}`);
      if (i === 100) await one.stop(); // the other takes over
    }

    await broker.until(() => logs.every(({ head }) => head === 100));
    const numbers = Array.from({ length: 100 }, (_, i) => 2 * i);
    assertEquals(logs.map((log) => dataOf(log.read(0, Infinity))), [
      numbers,
      numbers.map((number) => number + 1),
    ]);
    await settled(redis);
  },
  { historySize: 1_000 },
);
