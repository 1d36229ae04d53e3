/**
 * Tests of which instance reads the ingest stream, and of entries that other instances have left behind.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { append } from "../../live/redis/store.ts";
import { add, settled, STREAM, TestIngest } from "./ingest_setup.ts";
import {
  BOUNDS,
  brokerTest,
  dataOf,
  publications,
  RedisServer,
  redisTest,
  TestLink,
} from "./setup.ts";

const LEASE = `live:ingest:{${STREAM}}:${STREAM}:leader`;

/** Adds entries that a consumer reads and never acknowledges. */
async function leaveBehind(redis: RedisServer, consumer: string, ...data: number[]) {
  await redis.command("XGROUP", "CREATE", STREAM, "live", "0", "MKSTREAM").catch(() => {});
  const ids: string[] = [];
  for (const item of data) ids.push(await add(redis, "topic", "a:1", "data", `${item}`));
  await redis.command("XREADGROUP", "GROUP", "live", consumer, "STREAMS", STREAM, ">");
  return ids;
}

async function consumersOf(redis: RedisServer): Promise<unknown[]> {
  const consumers = [await redis.command("XINFO", "CONSUMERS", STREAM, "live")].flat();
  return consumers.map((consumer) => [consumer].flat()[1]);
}

brokerTest("Ingest first publishes what dead instances left behind", async (broker, redis) => {
  const log = await broker.open("a:1");
  await leaveBehind(redis, "dead-1", 1, 2);
  await leaveBehind(redis, "dead-2", 3);
  await add(redis, "topic", "a:1", "data", "4");

  await using ingest = TestIngest.start(redis);

  await ingest.results(4);
  await broker.until(() => log.head === 4);
  assertEquals(dataOf(log.read(0, Infinity)), [1, 2, 3, 4]);
  await settled(redis);
});

brokerTest("Ingest takes over more than fits into one step", async (broker, redis) => {
  const log = await broker.open("a:1");
  const numbers = Array.from({ length: 600 }, (_, i) => i);
  await leaveBehind(redis, "dead", ...numbers);

  await using _ingest = TestIngest.start(redis);

  await broker.until(() => log.head === 600);
  assertEquals(dataOf(log.read(0, Infinity)), numbers);
});

redisTest("Ingest deletes consumers without pending entries", async () => {
  await using redis = await RedisServer.start();
  await leaveBehind(redis, "dead", 1);
  await using ingest = TestIngest.start(redis, "alive");
  await ingest.results(1);
  await add(redis, "topic", "a:1", "data", "2");
  await ingest.results(2); // it reads new entries only after it has deleted consumers

  const [consumer, ...others] = await consumersOf(redis);

  assertMatch(String(consumer), /^alive-[0-9a-f]{8}$/);
  assertEquals(others, []);
});

brokerTest("Ingest skips pending entries that were deleted", async (broker, redis) => {
  const log = await broker.open("a:1");
  const [id = ""] = await leaveBehind(redis, "dead", 1, 2);
  await redis.command("XDEL", STREAM, id);

  await using _ingest = TestIngest.start(redis);

  await broker.until(() => log.head === 1);
  assertEquals(dataOf(log.read(0, Infinity)), [2]);
  await settled(redis);
});

redisTest("Ingest leads only after the lease of another instance has run out", async () => {
  await using redis = await RedisServer.start();
  await redis.command("SET", LEASE, "another", "PX", "1000");
  await add(redis, "topic", "a:1", "data", "1");
  await using ingest = TestIngest.start(redis, "mine");

  await ingest.results(1);

  assertMatch(String(await redis.command("GET", LEASE)), /^mine-[0-9a-f]{8}$/);
});

redisTest("Ingest.stop() passes the lead and unpublished entries to another instance", async () => {
  await using redis = await RedisServer.start();
  const first = TestIngest.start(redis, "first");
  await add(redis, "topic", "a:1", "data", "1");
  await first.results(1);

  await first.stop();

  assertEquals([await redis.command("EXISTS", LEASE), await redis.connections()], [0, 0]);
  await add(redis, "topic", "a:1", "data", "2");
  await using second = TestIngest.start(redis, "second");
  await second.results(1);
  assertEquals([first.metrics.ingests.length, second.metrics.ingests.length], [1, 1]);
});

redisTest("Ingest.stop() does not end the lease of another instance", async () => {
  await using redis = await RedisServer.start();
  const ingest = TestIngest.start(redis);
  await add(redis, "topic", "a:1", "data", "1");
  await ingest.results(1);
  await redis.command("SET", LEASE, "another", "PX", "60000");

  await ingest.stop();

  assertEquals(await redis.command("GET", LEASE), "another");
});

redisTest("Ingest.stop() before start(), or twice, leaves no connection", async () => {
  await using redis = await RedisServer.start();
  await new TestIngest(redis).stop();
  const ingest = TestIngest.start(redis);

  await Promise.all([ingest.stop(), ingest.stop()]);

  assertEquals(await redis.connections(), 0);
});

redisTest("Ingest continues after FLUSHALL", async () => {
  await using redis = await RedisServer.start();
  await using ingest = TestIngest.start(redis);
  await add(redis, "topic", "a:1", "data", "1");
  await ingest.results(1);

  await redis.command("FLUSHALL");
  await ingest.logger.line("ingest interrupted");
  await add(redis, "topic", "a:1", "data", "2");

  await ingest.results(2);
  assertEquals(ingest.metrics.ingests, ["published", "published"]);
});

brokerTest("Ingest publishes each entry once, if Redis is killed", async (broker, redis) => {
  const log = await broker.open("a:1");
  await using one = TestIngest.start(redis, "one");
  await using two = TestIngest.start(redis, "two");
  for (let i = 0; i < 50; i++) await add(redis, "topic", "a:1", "data", `${i}`);
  await broker.until(() => log.head > 0);

  await redis.restart();
  for (let i = 50; i < 100; i++) await add(redis, "topic", "a:1", "data", `${i}`);

  await broker.until(() => log.head === 100);
  assertEquals(dataOf(log.read(0, Infinity)), Array.from({ length: 100 }, (_, i) => i));
  await settled(redis);
  assertEquals([...one.metrics.ingests, ...two.metrics.ingests].includes("malformed"), false);
}, { durable: true, historySize: 1_000 });

redisTest("append() skips the entries that were already published, and no others", async () => {
  await using redis = await RedisServer.start();
  await using link = new TestLink(redis);
  link.start();
  await link.up();
  const batch = publications("a:1", 1, 2, 3);
  const offsets = async (stream: string, ...ids: string[]) => {
    const [appended] = await append(link, batch, BOUNDS, { stream, ids });
    assert(appended?.result.status === "fulfilled");
    return appended.result.value.cursors.map((cursor) => cursor?.offset);
  };

  assertEquals(await offsets("one", "5-1", "5-2", "10-0"), [1, 2, 3]);
  assertEquals(await offsets("one", "5-2", "10-0", "10-1"), [undefined, undefined, 4]);
  assertEquals(await offsets("another", "5-1", "5-2", "10-0"), [5, 6, 7]);
  assertEquals(await offsets("one", "9-5", "10-1", "11-0"), [undefined, undefined, 8]);
});

redisTest("Ingest publishes a stream that was deleted and uses the same ids again", async () => {
  await using redis = await RedisServer.start();
  await using ingest = TestIngest.start(redis);
  await redis.command("XADD", STREAM, "1-1", "topic", "a:1", "data", "1");
  await ingest.results(1);

  await redis.command("DEL", STREAM);
  await ingest.logger.line("ingest interrupted");
  await redis.command("XADD", STREAM, "1-1", "topic", "a:1", "data", "2");

  await ingest.results(2);
  assertEquals(ingest.metrics.ingests, ["published", "published"]);
});

redisTest(
  "Ingest does not publish again what an instance published and did not acknowledge",
  async () => {
    await using redis = await RedisServer.start();
    const first = TestIngest.start(redis);
    await add(redis, "topic", "a:1", "data", "1");
    await first.results(1);
    await first.stop();
    // As if the instance had ended between publishing and acknowledging.
    await redis.command("XGROUP", "SETID", STREAM, "live", "0");
    await redis.command("XREADGROUP", "GROUP", "live", "dead", "STREAMS", STREAM, ">");

    await using second = TestIngest.start(redis);

    await second.results(1);
    await settled(redis);
    assertEquals(second.metrics.ingests, ["repeated"]);
  },
);
