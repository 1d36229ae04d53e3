/**
 * Tests of how much topics may hold in Redis, for how long, and of what happens when Redis drops it.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Publication } from "../../live/domain/publication.ts";
import { partitionOf } from "../../live/redis/partition.ts";
import { Random } from "../support/random.ts";
import type { Reply } from "../support/redis_server.ts";
import {
  brokerTest,
  dataOf,
  entriesOf,
  keyOf,
  publication,
  publications,
  RedisServer,
  redisTest,
  removal,
  TestBroker,
} from "./setup.ts";

const encoder = new TextEncoder();

/** Returns the length of texts in UTF-8. */
function bytesOf(...texts: readonly unknown[]): number {
  return encoder.encode(texts.join("")).length;
}

function listOf(reply: Reply): Reply[] {
  assert(Array.isArray(reply));
  return reply;
}

async function hashOf(redis: RedisServer, key: string): Promise<[field: string, value: string][]> {
  const flat = listOf(await redis.command("HGETALL", key)).map(String);
  return flat.flatMap((field, i) => i % 2 === 0 ? [[field, flat[i + 1] ?? ""]] : []);
}

/** Returns the size of each topic in Redis, and of all topics together under the empty name. */
async function sizes(redis: RedisServer): Promise<Record<string, number>> {
  const entries = await hashOf(redis, `${PARTITION}sizes`);
  return Object.fromEntries(entries.map(([topic, size]) => [topic, Number(size)]));
}

/** Returns the size of everything that a topic's keys hold. */
async function held(redis: RedisServer, topic: string): Promise<number> {
  const entries = listOf(await redis.command("XRANGE", keyOf("log", topic), "-", "+"));
  const inLog = entries.map((entry) => {
    const [, , , key, , data] = listOf(listOf(entry)[1] ?? []);
    return bytesOf(key, data);
  });
  const state = (await hashOf(redis, keyOf("topic", topic))).filter(([key]) => key.startsWith('"'));
  return inLog.reduce((sum, bytes) => sum + bytes, 0) + bytesOf(...state.flat());
}

/** The partition of all topics here. */
const PARTITION = partitionOf("a:1");

/** Topics of that partition. */
const TOPICS = ["a:1"];
for (let id = 2; TOPICS.length < 5; id++) {
  const topic = `${"abcde"[TOPICS.length]}:${id}`;
  if (partitionOf(topic) === PARTITION) TOPICS.push(topic);
}
const [A = "", B = "", C = "", D = "", E = ""] = TOPICS;

const MAX_BYTES = 2_000;

for (const seed of [1, 2]) {
  redisTest(
    `RedisBroker.publish() records the size of each topic: run ${seed}`,
    async () => {
      await using redis = await RedisServer.start();
      const bounds = { historySize: 6, historyMaxBytes: MAX_BYTES };
      await using broker = await TestBroker.start(redis, bounds);
      const random = new Random(seed);
      const make = (): Publication => {
        const [topic, key, kind] = [
          random.of(TOPICS),
          random.of(["x", "ключ", '"']),
          random.below(5),
        ];
        if (kind === 0) return removal(topic, key);
        return publication(topic, random.text(random.below(60)), kind < 3 ? key : undefined);
      };
      let forgotten = 0;
      for (let i = 0; i < 150; i++) {
        const batch = Array.from({ length: 1 + random.below(4) }, make);
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

brokerTest(
  "RedisBroker.publish() forgets topics completely, to the last byte",
  async (broker, redis) => {
    await broker.publish([publication(A, 1, "k"), publication(A, 2)]);

    await broker.publish(publications(B, "x".repeat(200)));

    assertEquals(listOf(await redis.command("KEYS", `*:${A}`)), []);
    assertEquals(await sizes(redis), { "": 202, [B]: 202 });
    assertEquals(await redis.command("ZRANGE", `${PARTITION}used`, "0", "-1"), [B]);
  },
  { historyMaxBytes: 100 },
);

brokerTest("RedisBroker.publish() sets a time to live on every key", async (broker, redis) => {
  await broker.publish([publication(A, 1, "k")]);

  const keys = listOf(await redis.command("KEYS", "*")).map(String).toSorted();
  assertEquals(keys, [keyOf("log", A), `${PARTITION}sizes`, keyOf("topic", A), `${PARTITION}used`]);
  for (const key of keys) {
    const ttl = Number(await redis.command("PTTL", key));
    assert(ttl > 60_000 && ttl <= 240_000, `${key}: ${ttl}`);
  }
}, { historyTtlMs: 60_000 });

brokerTest("RedisBroker.publish() forgets topics that are not in use", async (broker, redis) => {
  await broker.publish(TOPICS.flatMap((topic) => publications(topic, 1)));
  await broker.open("a:1");
  await redis.command("ZADD", `${PARTITION}used`, "XX", "1", B, "1", C);

  await broker.publish(publications(B, 2));

  assertEquals(Object.keys(await sizes(redis)).toSorted(), ["", A, B, D, E].toSorted());
});

brokerTest("RedisBroker.open() marks a topic as used", async (broker, redis) => {
  for (const topic of ["a:1", B]) await broker.publish(publications(topic, "x".repeat(200)));
  await broker.open("a:1");

  await broker.publish(publications(C, "x".repeat(200)));

  assertEquals(Object.keys(await sizes(redis)).toSorted(), ["", A, C].toSorted());
}, { historyMaxBytes: 500 });

brokerTest(
  "RedisBroker marks open topics as used, without reporting a change",
  async (broker, redis) => {
    const log = await broker.open("a:1");
    await broker.publish([publication(A, 1, "k")]);
    await broker.until(() => log.head === 1);
    log.release(1);
    const { length } = broker.changed;
    await redis.command("PEXPIRE", keyOf("topic", A), "1000");

    while (Number(await redis.command("PTTL", keyOf("topic", A))) <= 1_000);

    assertEquals([log.read(0, Infinity), entriesOf(log.latest(0))], [undefined, [[1, "k", "1"]]]);
    assertEquals(broker.changed.length, length);
  },
  { historyTtlMs: 1 },
);

const KEYS = [keyOf("topic", A), keyOf("log", A)];

for (
  const [what, keys] of [
    ["a topic has expired", KEYS],
    ["Redis has evicted a topic's state", KEYS.slice(0, 1)],
    ["Redis has evicted a topic's log, and removals with it", KEYS.slice(1)],
    ["Redis has evicted everything", [`${PARTITION}used`, `${PARTITION}sizes`, ...KEYS]],
  ] as const
) {
  brokerTest(`RedisBroker begins a new life if ${what}`, async (broker, redis) => {
    const log = await broker.open("a:1");
    const [first] = await broker.publish([publication(A, 10, "k"), publication(A, 20)]);
    await broker.until(() => log.head === 2);
    await redis.command("DEL", ...keys);

    const [second] = await broker.publish(publications(A, 3));

    assertEquals([second?.offset, second?.epoch === first?.epoch], [1, false]);
    await broker.until(() => log.epoch === second?.epoch);
    assertEquals([dataOf(log.read(0, Infinity)), entriesOf(log.latest(0))], [[3], []]);
    assertEquals(await sizes(redis), { "": 1, [A]: 1 });
  });
}
