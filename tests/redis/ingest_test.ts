/**
 * Tests of what becomes of entries of the ingest stream.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { TopicLog } from "../../live/domain/broker.ts";
import { dataOf, RedisServer, redisTest, TestBroker } from "./setup.ts";
import { add, pendingOf, STREAM, TestIngest } from "./ingest_setup.ts";

redisTest("Ingest publishes what is added, in order, with keys", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  const log = await broker.open("a:1");
  await using ingest = TestIngest.start(redis);

  await add(redis, "topic", "a:1", "data", '{"x":1}', "key", "k", "more", "ignored");
  await add(redis, "data", "2", "topic", "a:1");

  await broker.until(() => log.head === 2);
  assertEquals(log.read(0, Infinity), [
    '{"type":"message","topic":"a:1","offset":1,"key":"k","data":{"x":1}}',
    '{"type":"message","topic":"a:1","offset":2,"data":2}',
  ]);
  await ingest.results(2);
  assertEquals([ingest.metrics.ingests, ingest.metrics.publications], [
    ["published", "published"],
    2,
  ]);
  assertEquals(await pendingOf(redis), 0);
});

redisTest("Ingest publishes what was added before anybody was there", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  const log = await broker.open("a:1");
  for (let i = 1; i <= 600; i++) {
    await redis.command("XADD", STREAM, "*", "topic", "a:1", "data", `${i}`);
  }

  await using _ingest = TestIngest.start(redis);

  await broker.until(() => log.head === 600);
  assertEquals(dataOf(log.read(0, Infinity)), Array.from({ length: 600 }, (_, i) => i + 1));
});

const faults: readonly [name: string, reason: string, ...fields: string[]][] = [
  ["no topic", "topic: Invalid input: expected string, received undefined", "data", "1"],
  [
    "a bad topic",
    "topic: must be <prefix>:<id>, its id the key of one item",
    ...["topic", "a:..", "data", "1"],
  ],
  ["no data", "data: missing", "topic", "a:1"],
  ["data that is no JSON", "data: not JSON", "topic", "a:1", "data", "{x:1}"],
  ["empty data", "data: not JSON", "topic", "a:1", "data", ""],
  [
    "too long a key",
    "key: Too big: expected string to have <=256 characters",
    ...["topic", "a:1", "data", "1", "key", "k".repeat(257)],
  ],
  [
    "too long data",
    "data: longer than 1048576",
    ...["topic", "a:1", "data", JSON.stringify("x".repeat(1_048_576))],
  ],
  ["other fields", "data: missing", "__proto__", "1", "constructor", "2", "payload", "3"],
];

for (const [name, reason, ...fields] of faults) {
  redisTest(`Ingest leaves out an entry with ${name}, and goes on`, async () => {
    await using redis = await RedisServer.start();
    await using broker = await TestBroker.start(redis);
    const log = await broker.open("a:1");
    await add(redis, "topic", "a:1", "data", "1");
    const id = await add(redis, ...fields);
    await add(redis, "topic", "a:1", "data", "2");

    await using ingest = TestIngest.start(redis);

    await ingest.results(3);
    await broker.until(() => log.head === 2);
    assertEquals(dataOf(log.read(0, Infinity)), [1, 2]);
    assertEquals(ingest.metrics.ingests.toSorted(), ["malformed", "published", "published"]);
    assertEquals(ingest.logger.of("warn"), [{
      level: "warn",
      message: "ingest: malformed entry",
      fields: { stream: STREAM, id, reason },
    }]);
    assertEquals(await pendingOf(redis), 0);
  });
}

redisTest("Ingest publishes each entry once and in order, over two instances", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis, { historySize: 1_000 });
  const topics = ["a:1", "b:1"];
  const logs: TopicLog[] = await Promise.all(topics.map((topic) => broker.open(topic)));
  await using one = TestIngest.start(redis, "one");
  await using _two = TestIngest.start(redis, "two");
  await one.results(0);

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
  assertEquals(await pendingOf(redis), 0);
});
