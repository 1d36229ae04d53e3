/**
 * Tests of a broker and its replicas during and after an outage of Redis.
 *
 * @module
 */

import { assertEquals, assertGreater, assertMatch, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import {
  brokerTest,
  dataOf,
  keyOf,
  publications,
  RedisServer,
  redisTest,
  TestBroker,
} from "./setup.ts";

redisTest("RedisBroker refuses to publish and to open before it has reached Redis", async () => {
  await using redis = await RedisServer.start();
  await using broker = new TestBroker(redis);
  assertEquals(broker.trouble, "not connected to Redis yet");
  for (const act of [() => broker.publish(publications("a:1", 1)), () => broker.open("a:1")]) {
    await assertRejects(act, BrokerUnavailable, "not connected to Redis yet");
  }

  broker.link.start();
  await broker.link.up();

  assertEquals(broker.trouble, undefined);
  await broker.publish(publications("a:1", 1));
});

brokerTest("RedisBroker without Redis serves only open topics", async (broker, redis) => {
  await broker.publish([...publications("a:1", 1, 2), ...publications("b:1", 1)]);
  const log = await broker.open("a:1");

  await redis.kill();

  await broker.link.down();
  assertMatch(broker.trouble ?? "", /^cut off from Redis: ./);
  for (
    const act of [
      () => broker.publish(publications("a:1", 3)),
      () => broker.open("b:1"),
      () => broker.refresh("a:1"),
    ]
  ) {
    const error = await assertRejects(act, BrokerUnavailable);
    assertGreater(error.retryAfterMs, 0);
  }
  assertEquals(await broker.open("a:1"), log);
  assertEquals(dataOf(log.read(0, Infinity)), [1, 2]);

  await redis.restart();
  await broker.link.up(2);
  assertEquals(dataOf((await broker.open("b:1")).read(0, Infinity)), [1]);
}, { durable: true });

brokerTest("RedisBroker catches up after an outage, without a gap", async (broker, redis) => {
  const logs = await Promise.all([broker.open("a:1"), broker.open("b:1")]);
  const [a, b] = logs;
  await broker.publish([...publications("a:1", 1, 2), ...publications("b:1", 3)]);
  await broker.until(() => a.head === 2 && b.head === 1);
  const epochs = logs.map(({ epoch }) => epoch);
  await redis.kill();
  await broker.link.down();
  await redis.restart();
  await using other = await TestBroker.start(redis);

  await other.publish([...publications("a:1", 4, 5), ...publications("b:1", 6)]);

  await broker.until(() => a.head === 4 && b.head === 2);
  assertEquals(logs.map((log) => dataOf(log.read(0, Infinity))), [[1, 2, 4, 5], [3, 6]]);
  assertEquals(logs.map(({ epoch }) => epoch), epochs);
}, { durable: true });

brokerTest("RedisBroker subscribes to open topics after an outage", async (broker, redis) => {
  const [a] = await Promise.all([broker.open("a:1"), broker.open("b:1")]);
  await redis.kill();
  await broker.link.down();
  broker.close("b:1");
  await redis.restart();
  await broker.link.up(2);
  await broker.publish(publications("a:1", 1));
  await broker.until(() => a.head === 1);

  assertEquals(await redis.command("PUBSUB", "CHANNELS"), [keyOf("0", "a:1")]);
}, { durable: true });

for (
  const [name, act] of [
    ["publish", (broker: TestBroker) => broker.publish(publications("a:1", 1))],
    ["open", (broker: TestBroker) => broker.open("a:1")],
  ] as const
) {
  brokerTest(`RedisBroker.${name}() rejects if Redis ends meanwhile`, async (broker, redis) => {
    redis.pause();
    const acting = act(broker);

    await Promise.all([redis.kill(), assertRejects(() => acting, BrokerUnavailable)]);

    await redis.restart();
    await broker.link.up(2);
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 1));
    await broker.until(() => log.head === 1);
  });
}

brokerTest("RedisBroker.publish() rejects if Redis hangs", async (broker, redis) => {
  const log = await broker.open("a:1");
  redis.pause();

  await assertRejects(() => broker.publish(publications("a:1", 1)), BrokerUnavailable);

  redis.resume();
  await broker.link.up(2);
  const { head } = log; // whether Redis has carried out the first call is not known
  await broker.publish(publications("a:1", 2));
  await broker.until(() => log.head > head);
});
