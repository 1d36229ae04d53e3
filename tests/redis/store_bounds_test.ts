/**
 * Tests of what topics may hold in Redis: bytes, and for how long.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Publication } from "../../live/domain/broker.ts";
import { Random } from "../support/random.ts";
import type { Reply } from "../support/redis_server.ts";
import { dataOf, publications, RedisServer, redisTest, TestBroker } from "./setup.ts";

const encoder = new TextEncoder();

/** Length of texts in UTF-8. */
function bytesOf(...texts: readonly unknown[]): number {
  return encoder.encode(texts.join("")).length;
}

function listOf(reply: Reply): Reply[] {
  assert(Array.isArray(reply));
  return reply;
}

/** Returns what Redis says that each topic holds, all together under the empty name. */
async function sizes(redis: RedisServer): Promise<Record<string, number>> {
  const flat = listOf(await redis.command("HGETALL", "live:sizes"));
  return Object.fromEntries(
    flat.flatMap((name, i) => i % 2 === 0 ? [[String(name), Number(flat[i + 1])]] : []),
  );
}

/** Returns what a topic's keys hold. */
async function held(redis: RedisServer, topic: string): Promise<number> {
  const entries = listOf(await redis.command("XRANGE", `live:log:${topic}`, "-", "+"));
  const inLog = entries.map((entry) => {
    const [, , , key, , data] = listOf(listOf(entry)[1] ?? []);
    return bytesOf(key, data);
  });
  const latest = listOf(await redis.command("HGETALL", `live:latest:${topic}`));
  return inLog.reduce((sum, bytes) => sum + bytes, 0) + bytesOf(...latest);
}

const TOPICS = ["a:1", "b:1", "c:1", "d:1", "e:1"];
const MAX_BYTES = 4_000;

for (const seed of [1, 2]) {
  redisTest(
    `RedisBroker.publish() knows what all topics hold, within bounds: run ${seed}`,
    async () => {
      await using redis = await RedisServer.start();
      await using broker = await TestBroker.start(redis, {
        historySize: 6,
        historyMaxBytes: MAX_BYTES,
      });
      const random = new Random(seed);
      let forgotten = 0;
      for (let i = 0; i < 150; i++) {
        const batch = Array.from({ length: 1 + random.below(4) }, (): Publication => {
          const [topic, data] = [random.of(TOPICS), JSON.stringify(random.text(random.below(60)))];
          return random.below(2) > 0
            ? { topic, data, key: random.of(["x", "ключ", '"', "z"]) }
            : { topic, data };
        });
        await broker.publish(batch);

        const { "": total = 0, ...each } = await sizes(redis);
        assertEquals(Object.values(each).reduce((sum, bytes) => sum + bytes, 0), total);
        const used = new Set(batch.map(({ topic }) => topic));
        assert(
          total <= MAX_BYTES || Object.keys(each).every((topic) => used.has(topic)),
          `${total}`,
        );
        if (Object.keys(each).length < TOPICS.length) forgotten++;
        if (i % 10 > 0) continue;
        for (const topic of TOPICS) assertEquals(each[topic] ?? 0, await held(redis, topic));
      }
      assertGreater(forgotten, 20);
    },
  );
}

redisTest("RedisBroker.publish() forgets all of a topic, to the last byte", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis, { historyMaxBytes: 100 });
  await broker.publish([{ topic: "a:1", data: "1", key: "k" }, { topic: "a:1", data: "2" }]);

  await broker.publish([{ topic: "b:1", data: JSON.stringify("x".repeat(200)) }]);

  assertEquals(listOf(await redis.command("KEYS", "*:a:1")), []);
  assertEquals(await sizes(redis), { "": 202, "b:1": 202 });
  assertEquals(await redis.command("ZRANGE", "live:used", "0", "-1"), ["b:1"]);
});

redisTest("RedisBroker.publish() sets a time to live on every key", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis, { historyTtlMs: 60_000 });

  await broker.publish([{ topic: "a:1", data: "1", key: "k" }]);

  const keys = listOf(await redis.command("KEYS", "*")).map(String).toSorted();
  assertEquals(keys, [
    "live:keys:a:1",
    "live:latest:a:1",
    "live:log:a:1",
    "live:sizes",
    "live:topic:a:1",
    "live:used",
  ]);
  for (const key of keys) {
    const ttl = Number(await redis.command("PTTL", key));
    assert(ttl > 60_000 && ttl <= 240_000, `${key}: ${ttl}`);
  }
});

redisTest("RedisBroker.open() marks a topic as used", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis, { historyMaxBytes: 500 });
  const data = JSON.stringify("x".repeat(200));
  for (const topic of ["a:1", "b:1"]) await broker.publish([{ topic, data }]);
  await broker.open("a:1");

  await broker.publish([{ topic: "c:1", data }]);

  assertEquals(Object.keys(await sizes(redis)).toSorted(), ["", "a:1", "c:1"]);
});

const KEYS = ["live:topic:a:1", "live:log:a:1", "live:latest:a:1", "live:keys:a:1"];

for (
  const [what, keys] of [
    ["a topic has expired in Redis", KEYS],
    ["Redis has evicted what tells of a topic", KEYS.slice(0, 1)],
    ["Redis has evicted all but a topic", ["live:used", "live:sizes", ...KEYS]],
  ] as const
) {
  redisTest(`RedisBroker.publish() begins anew where ${what}`, async () => {
    await using redis = await RedisServer.start();
    await using broker = await TestBroker.start(redis);
    const log = await broker.open("a:1");
    const [first] = await broker.publish([
      { topic: "a:1", data: "10", key: "k" },
      ...publications("a:1", 20),
    ]);
    await broker.until(() => log.head === 2);
    await redis.command("DEL", ...keys);

    const [second] = await broker.publish(publications("a:1", 3));

    assertEquals([second?.offset, second?.epoch === first?.epoch], [1, false]);
    await broker.until(() => log.epoch === second?.epoch);
    assertEquals([dataOf(log.read(0, Infinity)), log.latest()], [[3], []]);
    assertEquals(await sizes(redis), { "": 1, "a:1": 1 });
  });
}

redisTest("RedisBroker.publish() goes on where Redis has evicted a topic's log", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  await broker.publish(publications("a:1", 1, 2));
  await redis.command("DEL", "live:log:a:1");

  const [position] = await broker.publish(publications("a:1", 3));

  const log = await broker.open("a:1");
  assertEquals([position?.offset, log.head, log.epoch], [3, 3, position?.epoch]);
  assertEquals([log.read(1, Infinity), dataOf(log.read(2, Infinity))], [undefined, [3]]);
});
