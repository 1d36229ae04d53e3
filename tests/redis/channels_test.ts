/**
 * Tests of what a broker listens to in Redis, and what it leaves behind.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { dataOf, publications, RedisServer, redisTest, TestBroker } from "./setup.ts";

async function channels(redis: RedisServer): Promise<unknown> {
  return [await redis.command("PUBSUB", "CHANNELS")].flat().toSorted();
}

redisTest("RedisBroker.open() listens to open topics only", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  await broker.publish(publications("c:1", 1));
  assertEquals(await channels(redis), []);

  await Promise.all([broker.open("a:1"), broker.open("b:1"), broker.open("a:1")]);

  assertEquals(await channels(redis), ["live:0:a:1", "live:0:b:1"]);
});

redisTest("RedisBroker.open() listens to the channel of its database", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start({ url: `${redis.url}/3` });

  const log = await broker.open("a:1");
  await broker.publish(publications("a:1", 1));
  await broker.until(() => log.head === 1);

  assertEquals(await channels(redis), ["live:3:a:1"]);
});

redisTest("RedisBroker.close() listens no more", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  await Promise.all([broker.open("a:1"), broker.open("b:1")]);

  broker.close("a:1");

  await broker.open("c:1"); // is answered after the close
  assertEquals(await channels(redis), ["live:0:b:1", "live:0:c:1"]);
});

redisTest("RedisBroker.close() while the topic is being opened listens no more", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  const opening = broker.open("a:1");
  broker.close("a:1");

  await opening;

  await broker.open("b:1");
  assertEquals(await channels(redis), ["live:0:b:1"]);
});

for (const times of [1, 2, 5]) {
  redisTest(
    `RedisBroker.close() listens no more after ${times} closes and opens at once`,
    async () => {
      await using redis = await RedisServer.start();
      await using broker = await TestBroker.start(redis);
      await broker.open("a:1");
      const opening: Promise<unknown>[] = [];
      for (let i = 0; i < times; i++) {
        broker.close("a:1");
        opening.push(broker.open("a:1"));
      }
      broker.close("a:1");

      await Promise.all(opening);

      await broker.open("b:1");
      assertEquals(await channels(redis), ["live:0:b:1"]);
    },
  );
}

redisTest(
  "RedisBroker.close() of a topic that is opened again in time goes on listening",
  async () => {
    await using redis = await RedisServer.start();
    await using broker = await TestBroker.start(redis);
    await broker.open("a:1");
    broker.close("a:1");
    const log = await broker.open("a:1");

    assertEquals(await channels(redis), ["live:0:a:1"]);
    await broker.publish(publications("a:1", 1));
    await broker.until(() => log.head === 1);
  },
);

redisTest("RedisBroker.close() is not undone by what is announced just then", async () => {
  await using redis = await RedisServer.start();
  await using broker = new TestBroker(redis.url);
  const told = Promise.withResolvers<string>();
  let isTold = false;
  broker.listen({
    changed(topic) {
      if (!isTold) return;
      isTold = false;
      broker.close("b:1"); // what was announced of it has come with what was announced of a:1
      told.resolve(topic);
    },
  });
  await broker.up();
  await Promise.all([broker.open("a:1"), broker.open("b:1")]);
  isTold = true;
  await broker.publish([...publications("a:1", 1), ...publications("b:1", 2)]);
  assertEquals(await told.promise, "a:1");
  await broker.open("c:1"); // is answered after the close
  await broker.publish(publications("b:1", 3));

  const log = await broker.open("b:1");

  assertEquals(dataOf(log.read(0, Infinity)), [2, 3]);
});

redisTest("RedisBroker.close() gives the replica's memory back", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  await broker.publish([{ topic: "a:1", data: "1", key: "k" }, { topic: "a:1", data: "2" }]);
  const log = await broker.open("a:1");
  const { historyBytes } = broker.metrics.gauges;

  broker.close("a:1");

  assertEquals([historyBytes > 0, broker.metrics.gauges.historyBytes], [true, 0]);
  assertEquals(log.latest(), []);
});

redisTest("RedisBroker.stop() leaves no connection", async () => {
  await using redis = await RedisServer.start();
  const broker = await TestBroker.start(redis);
  await broker.open("a:1");
  assertEquals(await redis.connections(), 2);

  await broker.stop();

  assertEquals(await redis.connections(), 0);
});

redisTest("RedisBroker.stop() while it reaches for Redis leaves no connection", async () => {
  await using redis = await RedisServer.start();
  const broker = new TestBroker(redis.url);
  broker.begin();

  await broker.stop();

  assertEquals([await redis.connections(), broker.metrics.redis], [0, []]);
});

redisTest("RedisBroker.stop() before it reaches for Redis", async () => {
  await using redis = await RedisServer.start();
  const broker = new TestBroker(redis.url);

  await broker.stop();

  assertEquals(await redis.connections(), 0);
});

redisTest("RedisBroker.stop() twice is as once", async () => {
  await using redis = await RedisServer.start();
  const broker = await TestBroker.start(redis);

  await Promise.all([broker.stop(), broker.stop()]);

  assertEquals(await redis.connections(), 0);
});
