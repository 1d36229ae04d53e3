/**
 * Tests of revocations and of the ingest stream on a Redis Cluster.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import type { Revocation } from "../../live/domain/revocation.ts";
import { partitionOf, slotOf } from "../../live/redis/partition.ts";
import { RedisRevocationBus } from "../../live/redis/revocation_bus.ts";
import { Watch } from "../support/queue.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { STREAM, TestIngest } from "./ingest_setup.ts";
import { dataOf, publications, redisTest, TestBroker, TestLink } from "./setup.ts";

const REVOCATION: Revocation = { user: ["ada"] };

/** Resolves once `count` instances are subscribed to revocations. */
async function subscribed(cluster: RedisCluster, master: number, count: number): Promise<void> {
  for (;;) {
    const reply = await cluster.command(master, "PUBSUB", "SHARDNUMSUB", "live:{control}:0");
    if (Array.isArray(reply) && reply[1] === count) return;
  }
}

redisTest("RedisRevocationBus reaches other instances while its slot moves", async () => {
  await using cluster = await RedisCluster.start();
  const slot = slotOf("live:{control}:");
  const home = cluster.masterOf(slot);
  const next = (home + 1) % 3;
  await using one = new TestLink(cluster);
  await using other = new TestLink(cluster);
  const received: Revocation[] = [];
  const watch = new Watch();
  const buses = [one, other].map((link) => new RedisRevocationBus({ link, logger: link.logger }));
  buses[0]?.listen(() => Promise.resolve(undefined));
  buses[1]?.listen((revocation) => {
    received.push(revocation);
    watch.changed();
    return Promise.resolve(undefined);
  });
  for (const link of [one, other]) link.start();
  await subscribed(cluster, home, 2);
  await buses[0]?.send(REVOCATION);
  assertEquals(received.length, 1);

  await cluster.move(slot, home, next);
  await subscribed(cluster, next, 2);
  await buses[0]?.send(REVOCATION);

  assertEquals(received, [REVOCATION, REVOCATION]);
  await cluster.masters[next]?.kill();
  await one.down();
  await assertRejects(() => buses[0]?.send(REVOCATION) ?? Promise.resolve(), BrokerUnavailable);
});

redisTest(
  "Ingest continues with the topics of other masters while one master is lost",
  async () => {
    await using cluster = await RedisCluster.start({ durable: true });
    const home = cluster.masterOf(slotOf(STREAM));
    const topicOf = (master: number) => {
      for (let id = 1;; id++) {
        const topic = `event:${id}`;
        if (cluster.masterOf(slotOf(partitionOf(topic))) === master) return topic;
      }
    };
    const [kept, lost] = [topicOf(home), topicOf((home + 1) % 3)];
    await using broker = await TestBroker.start(cluster);
    const logs = [await broker.open(kept), await broker.open(lost)];
    await using ingest = TestIngest.start(cluster);
    const add = async (topic: string, data: number) => {
      await cluster.command(home, "XADD", STREAM, "*", "topic", topic, "data", `${data}`);
    };
    await add(kept, 1);
    await add(lost, 1);
    await broker.until(() => logs.every(({ head }) => head === 1));

    const master = cluster.masters[(home + 1) % 3];
    await master?.kill();
    await broker.link.down();
    for (const data of [2, 3]) {
      await add(lost, data);
      await add(kept, data);
    }
    await broker.until(() => logs[0]?.head === 3);
    await master?.restart();
    await broker.until(() => logs[1]?.head === 3);

    assertEquals(logs.map((log) => dataOf(log.read(0, Infinity))), [[1, 2, 3], [1, 2, 3]]);
    while (Number([await cluster.command(home, "XPENDING", STREAM, "live")].flat()[0]) > 0);
    assertEquals(ingest.metrics.ingests.filter((result) => result === "published").length, 6);
  },
);

redisTest(
  "RedisBroker forgets the least recently used topic of all masters",
  async () => {
    await using cluster = await RedisCluster.start();
    const historyMaxBytes = 1_000;
    await using broker = await TestBroker.start(cluster, { historyMaxBytes });
    const topics = ["event:1", "event:2", "event:3", "event:4"];
    assertEquals(
      new Set(topics.map((topic) => cluster.masterOf(slotOf(partitionOf(topic))))).size > 1,
      true,
    );
    const lengths = () =>
      Promise.all(topics.map((topic) => {
        const master = cluster.masterOf(slotOf(partitionOf(topic)));
        return cluster.command(master, "EXISTS", `${partitionOf(topic)}log:${topic}`);
      }));

    for (const topic of topics) {
      await broker.publish(publications(topic, "x".repeat(298)));
    }

    assertEquals(await lengths(), [0, 1, 1, 1]);
  },
);
