/**
 * Tests of a broker on a Redis Cluster whose slots move, and whose masters fail.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { partitionOf, partitions, slotOf } from "../../live/redis/partition.ts";
import { RedisCluster, type RedisClusterOptions } from "../support/redis_cluster.ts";
import { dataOf, publication, publications, redisTest, TestBroker } from "./setup.ts";

/** Registers a test with a broker on its own cluster. */
function clusterTest(
  name: string,
  fn: (broker: TestBroker, cluster: RedisCluster) => Promise<void>,
  options: RedisClusterOptions = {},
): void {
  redisTest(name, async () => {
    await using cluster = await RedisCluster.start(options);
    await using broker = await TestBroker.start(cluster);
    await fn(broker, cluster);
  });
}

/** Returns a topic of each master, in their order. */
function topicsOf(cluster: RedisCluster): string[] {
  return cluster.masters.map((_, master) => {
    for (let id = 1;; id++) {
      const topic = `event:${id}`;
      if (cluster.masterOf(slotOf(partitionOf(topic))) === master) return topic;
    }
  });
}

redisTest("slotOf() agrees with Redis", async () => {
  await using cluster = await RedisCluster.start();
  for (const key of [...partitions, "live:{control}:stream", "a{}b", "{a{b}c}", "ключ", "{ü}x"]) {
    assertEquals(await cluster.command(0, "CLUSTER", "KEYSLOT", key), slotOf(key), key);
  }
});

clusterTest(
  "RedisBroker has two connections to each master of a cluster",
  async (broker, cluster) => {
    await Promise.all(topicsOf(cluster).map((topic) => broker.open(topic)));
    for (const master of cluster.masters) {
      const clients = String(await master.command("CLIENT", "LIST", "TYPE", "normal"));
      const subscribers = String(await master.command("CLIENT", "LIST", "TYPE", "pubsub"));
      assertEquals([clients, subscribers].map((list) => list.trim().split("\n").length), [2, 1]); // the first includes the caller
    }
  },
);

clusterTest("RedisBroker.publish() spreads a batch over a cluster", async (broker, cluster) => {
  const topics = topicsOf(cluster);
  const batch = topics.flatMap((topic) => publications(topic, 1, 2));

  const positions = await broker.publish(batch);

  assertEquals(
    positions.map(({ topic, offset }) => [topic, offset]),
    topics.flatMap((topic) => [
      [topic, 1],
      [topic, 2],
    ]),
  );
  for (const [master, topic] of topics.entries()) {
    const key = `${partitionOf(topic)}log:${topic}`;
    assertEquals(await cluster.command(master, "XLEN", key), 2);
  }
});

clusterTest("RedisBroker follows a slot that moves, without a gap", async (broker, cluster) => {
  const [topic = ""] = topicsOf(cluster);
  const log = await broker.open(topic);
  await broker.publish([publication(topic, 0, "k")]);
  let next = 1;
  const publish = async () => {
    await broker.publish(publications(topic, next)).then(() => next++, (error) => {
      if (!(error instanceof BrokerUnavailable)) throw error;
    });
  };

  const moving = cluster.move(slotOf(partitionOf(topic)), 0, 1);
  for (let i = 0; i < 20; i++) await publish();
  await moving;
  for (let i = 0; i < 20; i++) await publish();

  await broker.until(() => log.head === next);
  assertEquals(dataOf(log.read(0, Infinity)), Array.from({ length: next }, (_, i) => i));
  assertEquals(await cluster.command(1, "PUBSUB", "SHARDCHANNELS"), [
    `${partitionOf(topic)}0:${topic}`,
  ]);
  assertEquals(await cluster.command(0, "PUBSUB", "SHARDCHANNELS"), []);
});

clusterTest(
  "RedisBroker reads and publishes while all keys of a slot are moving",
  async (broker, cluster) => {
    const [topic = ""] = topicsOf(cluster);
    const log = await broker.open(topic);
    await broker.publish([publication(topic, 1, "k")]);
    const moved: number[] = [];

    await cluster.move(slotOf(partitionOf(topic)), 0, 2, async () => {
      if (Number(await cluster.command(2, "DBSIZE")) < 4) return;
      const [position] = await broker.publish([publication(topic, 2, "k")]);
      moved.push(position?.offset ?? 0);
      // Its subscribers are still at the old node, which tells them to read.
      await broker.until(() => log.head === 2);
    });

    assertEquals(moved, [2]);
    await broker.publish([publication(topic, 3, "k")]);
    await broker.until(() => log.head === 3);
  },
);

clusterTest(
  "RedisBroker follows a slot that moves to a master without slots",
  async (broker, cluster) => {
    const [topic = ""] = topicsOf(cluster);
    const log = await broker.open(topic);
    await broker.publish(publications(topic, 1));

    await cluster.move(slotOf(partitionOf(topic)), 0, await cluster.add());
    await broker.publish(publications(topic, 2));

    await broker.until(() => log.head === 2);
  },
);

clusterTest(
  "RedisBroker cannot use the topics of a lost master, and can use all others",
  async (broker, cluster) => {
    const [first = "", second = ""] = topicsOf(cluster);
    const log = await broker.open(first);
    await broker.open(second);
    const [, lost] = cluster.masters;

    await lost?.kill();
    await broker.link.down();

    assertEquals(broker.trouble, undefined);
    assertStringIncludes(broker.partialTrouble ?? "", "of 64 partitions of topics cannot be used");
    assertStringIncludes(broker.partialTrouble ?? "", `127.0.0.1:${lost?.port}`);
    await broker.publish(publications(first, 1));
    await broker.until(() => log.head === 1);
    const batch = [...publications(first, 2), ...publications(second, 2)];
    await assertRejects(() => broker.publish(batch), BrokerUnavailable, "cut off from Redis");
    assertEquals((await broker.publish(publications(first, 3)))[0]?.offset, 2); // the batch was not published

    await lost?.restart();
    await broker.link.up(2);
    assertEquals(broker.partialTrouble, undefined);
    await broker.publish(publications(second, 1));
  },
);

clusterTest(
  "RedisBroker continues with the replica of a master that was killed",
  async (broker, cluster) => {
    const [topic = ""] = topicsOf(cluster);
    const log = await broker.open(topic);
    await broker.publish(publications(topic, 1));
    const [master, , , replica] = cluster.nodes;
    await cluster.replicated(0);

    await master?.kill();
    await broker.link.down();
    await broker.link.up(2);

    const { epoch } = log;
    await broker.publish(publications(topic, 2));
    await broker.until(() => log.head === 2);
    assertEquals([log.epoch, dataOf(log.read(0, Infinity))], [epoch, [1, 2]]);
    assert(String(await replica?.command("ROLE")).startsWith("master"));
  },
  { replicas: 1 },
);
