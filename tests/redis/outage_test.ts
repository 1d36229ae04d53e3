/**
 * Tests of what becomes of a broker, and of its replicas, when Redis goes away and comes back.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { dataOf, publications, RedisServer, redisTest, TestBroker } from "./setup.ts";

redisTest("RedisBroker is in trouble before it has reached Redis", async () => {
  await using redis = await RedisServer.start();
  await using broker = new TestBroker(redis.url);
  assertEquals(broker.trouble, "not connected to Redis yet");
  await assertRejects(
    () => broker.publish(publications("a:1", 1)),
    BrokerUnavailable,
    "not connected to Redis yet",
  );

  broker.begin();
  await broker.up();

  assertEquals([broker.trouble, broker.metrics.redis], [undefined, [true]]);
});

redisTest("RedisBroker reaches a Redis that comes up later", async () => {
  await using redis = await RedisServer.start();
  await redis.kill();
  await using broker = new TestBroker(redis.url);
  broker.begin();
  await broker.down();
  assertMatch(broker.trouble ?? "", /^cut off from Redis: .*ECONNREFUSED/);

  await redis.restart();

  await broker.up();
  assertEquals((await broker.publish(publications("a:1", 1)))[0]?.offset, 1);
});

redisTest(
  "RedisBroker without Redis refuses to publish and to open, and serves what is open",
  async () => {
    await using redis = await RedisServer.start();
    await using broker = await TestBroker.start(redis);
    await broker.publish(publications("a:1", 1, 2));
    const log = await broker.open("a:1");

    await redis.kill();

    await broker.down();
    assertMatch(broker.trouble ?? "", /^cut off from Redis: ./);
    const error = await assertRejects(
      () => broker.publish(publications("a:1", 3)),
      BrokerUnavailable,
    );
    assertEquals(error.retryAfterMs > 0, true);
    await assertRejects(() => broker.open("b:1"), BrokerUnavailable);
    assertEquals(await broker.open("a:1"), log);
    assertEquals(dataOf(log.read(0, Infinity)), [1, 2]);
  },
);

redisTest("RedisBroker says once that Redis is lost, and once that it is reached", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  await redis.kill();
  await broker.down();

  await redis.restart();

  await broker.up(2);
  const lines = broker.logger.lines.filter(({ level }) => level !== "debug");
  assertEquals(lines.map(({ level, message }) => `${level} ${message}`), [
    "info redis reached",
    "warn redis lost",
    "info redis reached",
  ]);
});

redisTest("RedisBroker opens after an outage what it could not open before", async () => {
  await using redis = await RedisServer.start({ durable: true });
  await using broker = await TestBroker.start(redis);
  await broker.publish(publications("a:1", 1));
  await redis.kill();
  await broker.down();
  await assertRejects(() => broker.open("a:1"), BrokerUnavailable);

  await redis.restart();
  await broker.up(2);

  assertEquals(dataOf((await broker.open("a:1")).read(0, Infinity)), [1]);
});

redisTest("RedisBroker catches up after an outage, in the same epoch and without gap", async () => {
  await using redis = await RedisServer.start({ durable: true });
  await using broker = await TestBroker.start(redis);
  const logs = await Promise.all([broker.open("a:1"), broker.open("b:1")]);
  const [a, b] = logs;
  await broker.publish([...publications("a:1", 1, 2), ...publications("b:1", 3)]);
  await broker.until(() => a.head === 2 && b.head === 1);
  const epochs = logs.map(({ epoch }) => epoch);
  await redis.kill();
  await broker.down();
  await redis.restart();
  await using other = await TestBroker.start(redis);

  await other.publish([...publications("a:1", 4, 5), ...publications("b:1", 6)]);

  await broker.until(() => a.head === 4 && b.head === 2);
  assertEquals(logs.map((log) => dataOf(log.read(0, Infinity))), [[1, 2, 4, 5], [3, 6]]);
  assertEquals(logs.map(({ epoch }) => epoch), epochs);
});

redisTest("RedisBroker catches up when only its listening connection breaks", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  await using other = await TestBroker.start(redis);
  const log = await broker.open("a:1");

  await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
  await other.publish(publications("a:1", 1, 2));

  await broker.until(() => log.head === 2);
  assertEquals(dataOf(log.read(0, Infinity)), [1, 2]);
  assertEquals(await redis.connections(), 4);
});

redisTest(
  "RedisBroker listens again to what is open, and not to what was closed meanwhile",
  async () => {
    await using redis = await RedisServer.start({ durable: true });
    await using broker = await TestBroker.start(redis);
    const [a] = await Promise.all([broker.open("a:1"), broker.open("b:1")]);
    await redis.kill();
    await broker.down();
    broker.close("b:1");
    await redis.restart();
    await broker.up(2);
    await broker.publish(publications("a:1", 1));
    await broker.until(() => a.head === 1);

    assertEquals(await redis.command("PUBSUB", "CHANNELS"), ["live:0:a:1"]);
  },
);

redisTest("RedisBroker.publish() rejects if Redis ends before it answers", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  redis.pause();
  const publishing = broker.publish(publications("a:1", 1));

  await Promise.all([redis.kill(), assertRejects(() => publishing, BrokerUnavailable)]);
});

redisTest("RedisBroker.open() rejects if Redis ends before it answers", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  redis.pause();
  const opening = broker.open("a:1");

  await Promise.all([redis.kill(), assertRejects(() => opening, BrokerUnavailable)]);

  await redis.restart();
  await broker.up(2);
  const log = await broker.open("a:1");
  await broker.publish(publications("a:1", 1));
  await broker.until(() => log.head === 1);
});

redisTest("RedisBroker gives up on a Redis that hangs, and comes back to it", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  const log = await broker.open("a:1");
  redis.pause();

  await assertRejects(
    () => broker.publish(publications("a:1", 1)),
    BrokerUnavailable,
  );
  await broker.down();
  assertMatch(broker.trouble ?? "", /^cut off from Redis: no answer within \d+ ms$/);

  redis.resume();
  await broker.up(2);
  const head = log.head;
  await broker.publish(publications("a:1", 2));
  await broker.until(() => log.head > head);
});

redisTest("RedisBroker.stop() ends at once while Redis is away", async () => {
  await using redis = await RedisServer.start();
  const broker = await TestBroker.start(redis);
  await redis.kill();
  await broker.down();

  await broker.stop();

  await redis.restart();
  assertEquals(await redis.connections(), 0);
});
