/**
 * Tests of a Redis that answers, but not as hoped.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { dataOf, publications, RedisServer, redisTest, TestBroker } from "./setup.ts";

redisTest("RedisBroker goes on when Redis forgets the scripts", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  await broker.publish(publications("a:1", 1));

  await redis.command("SCRIPT", "FLUSH");

  const [position] = await broker.publish(publications("a:1", 2));
  assertEquals(position?.offset, 2);
  await redis.command("SCRIPT", "FLUSH");
  assertEquals(dataOf((await broker.open("a:1")).read(0, Infinity)), [1, 2]);
  assertEquals(broker.metrics.redis, [true]);
});

redisTest(
  "RedisBroker is cut off by a Redis that only follows another, until it leads",
  async () => {
    await using redis = await RedisServer.start();
    await using broker = await TestBroker.start(redis);
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 1));
    await broker.until(() => log.head === 1);
    await redis.command("CONFIG", "SET", "replica-serve-stale-data", "yes");
    await redis.command("REPLICAOF", "127.0.0.1", "1");

    const error = await assertRejects(
      () => broker.publish(publications("a:1", 2)),
      BrokerUnavailable,
    );
    await broker.down();

    assertMatch(error.message, /READONLY/);
    assertMatch(broker.trouble ?? "", /READONLY/);
    assertEquals(dataOf(log.read(0, Infinity)), [1]);
    await redis.command("REPLICAOF", "NO", "ONE");
    const before = broker.metrics.redis.length;
    await broker.metrics.until(({ redis }) => redis.length > before && redis.at(-1) === true);
    await broker.publish(publications("a:1", 3));
    await broker.until(() => log.head === 2);
  },
);

redisTest(
  "RedisBroker stays connected to a Redis without memory, and publishes when there is",
  async () => {
    await using redis = await RedisServer.start();
    await using broker = await TestBroker.start(redis);
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 1));
    await broker.until(() => log.head === 1);
    await redis.command("CONFIG", "SET", "maxmemory", "1");

    for (const topic of ["a:1", "b:1"]) {
      const error = await assertRejects(
        () => broker.publish(publications(topic, 2)),
        BrokerUnavailable,
      );
      assertMatch(error.message, /OOM/);
    }

    assertEquals([broker.metrics.redis, broker.trouble], [[true], undefined]);
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    assertEquals((await broker.publish(publications("a:1", 3)))[0]?.offset, 2);
    await broker.until(() => log.head === 2);
  },
);

redisTest(
  "RedisBroker serves what it holds when it comes back to a Redis without memory",
  async () => {
    await using redis = await RedisServer.start();
    await using broker = await TestBroker.start(redis);
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 1));
    await broker.until(() => log.head === 1);
    await redis.command("CONFIG", "SET", "maxmemory", "1");

    await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    await broker.metrics.until(({ redis }) => redis.join().startsWith("true,false,true,false"));
    assertMatch(broker.trouble ?? "", /OOM/);
    assertEquals(dataOf(log.read(0, Infinity)), [1]);

    await redis.command("CONFIG", "SET", "maxmemory", "0");
    const { length } = broker.metrics.redis;
    await broker.metrics.until(({ redis }) => redis.length > length && redis.at(-1) === true);
    await broker.publish(publications("a:1", 2));
    await broker.until(() => log.head === 2);
    assertEquals(dataOf(log.read(0, Infinity)), [1, 2]);
  },
);
