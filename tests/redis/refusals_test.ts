/**
 * Tests of a Redis that answers with refusals.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { brokerTest, dataOf, entriesOf, publication, publications, TestBroker } from "./setup.ts";

brokerTest("RedisBroker continues when Redis has dropped its scripts", async (broker, redis) => {
  await broker.publish(publications("a:1", 1));

  await redis.command("SCRIPT", "FLUSH");

  const [position] = await broker.publish(publications("a:1", 2));
  assertEquals(position?.offset, 2);
  await redis.command("SCRIPT", "FLUSH");
  assertEquals(dataOf((await broker.open("a:1")).read(0, Infinity)), [1, 2]);
  assertEquals(broker.link.metrics.redis, [true]);
});

brokerTest("RedisBroker is cut off while Redis is a read-only replica", async (broker, redis) => {
  const log = await broker.open("a:1");
  await broker.publish(publications("a:1", 1));
  await broker.until(() => log.head === 1);
  await redis.command("CONFIG", "SET", "replica-serve-stale-data", "yes");
  await redis.command("REPLICAOF", "127.0.0.1", "1");

  const error = await assertRejects(
    () => broker.publish(publications("a:1", 2)),
    BrokerUnavailable,
  );
  await broker.link.down();

  assertMatch(error.message, /READONLY/);
  assertMatch(broker.trouble ?? "", /READONLY/);
  assertEquals(dataOf(log.read(0, Infinity)), [1]);
  await redis.command("REPLICAOF", "NO", "ONE");
  const before = broker.link.metrics.redis.length;
  await broker.link.metrics.until(({ redis }) => redis.length > before && redis.at(-1) === true);
  await broker.publish(publications("a:1", 3));
  await broker.until(() => log.head === 2);
});

brokerTest(
  "RedisBroker reads but cannot publish while Redis has no memory left",
  async (broker, redis) => {
    await using other = await TestBroker.start(redis);
    const log = await broker.open("a:1");
    await broker.publish([publication("a:1", 1, "k")]);
    await broker.until(() => log.head === 1);
    await redis.command("CONFIG", "SET", "maxmemory", "1");

    for (const topic of ["a:1", "b:1"]) {
      const error = await assertRejects(
        () => broker.publish(publications(topic, 2)),
        BrokerUnavailable,
      );
      assertMatch(error.message, /OOM/);
    }
    await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    await broker.link.up(2);
    await broker.refresh("a:1");
    assertEquals(entriesOf((await other.open("a:1")).latest(0)), [[1, "k", "1"]]);

    assertEquals(broker.link.metrics.redis, [true, false, true]);
    const warnings = broker.link.logger.of("warn").map(({ message }) => message);
    assertEquals(warnings, ["redis: cannot publish", "redis lost"]); // not one line for each call
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    assertEquals((await broker.publish(publications("a:1", 3)))[0]?.offset, 2);
    await broker.until(() => log.head === 2);
  },
);
