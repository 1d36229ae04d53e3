/**
 * Tests of `/readyz`, publish calls and clients while a master of a cluster and its replica are down for
 * long.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { partitionOf, slotOf } from "../../live/redis/partition.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { RedisUser, TOPICS } from "./server_setup.ts";
import { redisTest } from "./setup.ts";

/** Returns a topic of the first master, and one of another. */
function topicsOf(cluster: RedisCluster): [lost: string, other: string] {
  const isLost = (topic: string) => cluster.masterOf(slotOf(partitionOf(topic))) === 0;
  return [TOPICS.find(isLost) ?? "", TOPICS.find((topic) => !isLost(topic)) ?? ""];
}

/** Kills the first master permanently. Its replica is killed first, so that nothing takes over. */
async function lose(cluster: RedisCluster): Promise<void> {
  await cluster.nodes[3]?.kill();
  await cluster.masters[0]?.kill();
}

async function recover(cluster: RedisCluster): Promise<void> {
  await cluster.masters[0]?.restart();
  await cluster.nodes[3]?.restart();
}

redisTest("a lasting outage of one master of a cluster fails only its topics", async () => {
  await using cluster = await RedisCluster.start({ replicas: 1, durable: true });
  await using user = await RedisUser.start(cluster.url);
  await user.readiness("ready");
  const [lost, other] = topicsOf(cluster);
  const client = await user.connect();
  await client.subscribe(other);

  await lose(cluster);

  const { status, json } = await user.readiness("degraded");
  assertEquals(status, 200);
  assertMatch(json.reason, /^\d+ of 64 partitions of topics cannot be used: cut off from Redis/);
  for (const topics of [[lost], [other, lost]]) {
    const refused = await user.publish(...topics);
    assertEquals([refused.status, Number(refused.retryAfter) > 0], [503, true]);
    assertMatch(refused.json.error, /^cut off from Redis: /);
  }
  const { published: [position] } = (await user.publish(other)).json;
  assertEquals([position.topic, position.offset], [other, 1]); // the batch was not published
  assertEquals((await client.next()).offset, 1);
  const answer = await client.subscribe(lost);
  assertEquals([answer.type, answer.code], ["error", "unavailable"]);

  await recover(cluster);

  await user.readiness("ready");
  assertEquals((await user.publish(lost, other)).status, 200);
  assertEquals((await client.next()).offset, 2);
  assertEquals((await client.subscribe(lost)).type, "subscribed");
});

redisTest(
  "with cluster-require-full-coverage it fails all topics, and the server is not ready",
  async () => {
    await using cluster = await RedisCluster.start({
      replicas: 1,
      durable: true,
      fullCoverage: true,
    });
    await using user = await RedisUser.start(cluster.url);
    await user.readiness("ready");
    const [, other] = topicsOf(cluster);

    await lose(cluster);

    const { status, json, retryAfter } = await user.readiness("cut off");
    assertEquals([status, Number(retryAfter) > 0], [503, true]);
    assertEquals(json.reason, "cut off from Redis: the cluster is down (cluster_state:fail)");
    const refused = await user.publish(other);
    assertEquals([refused.status, refused.json.error], [503, json.reason]);

    await recover(cluster);

    await user.readiness("ready");
    assertEquals((await user.publish(other)).status, 200);
  },
);
