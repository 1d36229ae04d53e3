/**
 * Faults of a Redis Cluster.
 *
 * @module
 */

import { partitionOf, slotOf } from "../../../live/redis/partition.ts";
import { RedisCluster } from "../../support/redis_cluster.ts";
import { play, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

/** Returns the master that holds a topic, as an index. */
function masterOf(cluster: RedisCluster, topic: string): number {
  return cluster.masterOf(slotOf(partitionOf(topic)));
}

/** Checks the answers of instances while the topics of one master cannot be used. */
async function checkPartial(world: World, cluster: RedisCluster, lost: number): Promise<void> {
  const refused = world.topics.find((topic) => masterOf(cluster, topic) === lost) ?? "";
  let id = 1;
  while (masterOf(cluster, `other:${id}`) === lost) id++;
  const statuses = [await world.tryToPublish(refused), await world.tryToPublish(`other:${id}`)];
  const response = await fetch(`${world.opsUrls[0]}/readyz`);
  const { status } = await response.json();
  const seen = [...statuses, response.status, status].join();
  if (seen !== "503,200,200,degraded") {
    world.ledger.fault(`lost topic, another one, /readyz: ${seen}`);
  }
}

/** A master is killed while messages are published, and its replica takes over. */
export const masterKilled: Scenario = {
  name: "cluster-master",
  async run() {
    await using cluster = await RedisCluster.start({ replicas: 1, nodeTimeoutMs: 2_000 });
    const [master] = cluster.masters;
    return await play("a cluster's master is killed, its replica takes over", {
      redisUrl: cluster.url,
      isCopied: true,
    }, [
      { what: "master 1 is killed", act: () => master?.kill(), afterMs: 4_000, breaks: true },
      {
        what: "meanwhile only its topics are refused",
        act: (world) => checkPartial(world, cluster, 0),
        afterMs: 500,
      },
      { what: "master 1 comes back, as a replica", act: () => master?.restart(), afterMs: 8_000 },
    ]);
  },
};

/** A slot with topics moves to another master and back while messages are published. */
export const slotMoved: Scenario = {
  name: "cluster-slot",
  async run() {
    await using cluster = await RedisCluster.start();
    const move = async (world: World, isBack: boolean) => {
      const [topic = ""] = world.topics;
      const home = masterOf(cluster, topic);
      const path = [home, (home + 1) % cluster.masters.length] as const;
      const [from, to] = isBack ? [path[1], path[0]] : path;
      await cluster.move(slotOf(partitionOf(topic)), from, to);
    };
    return await play("a slot moves during publishing", { redisUrl: cluster.url }, [
      { what: "a slot moves", act: (world) => move(world, false), afterMs: 3_000, breaks: true },
      { what: "and back", act: (world) => move(world, true), afterMs: 3_000, breaks: true },
    ], ({ ledger }) => {
      if (ledger.restarts > 0) ledger.fault(`${ledger.restarts} subscriptions started over`);
    });
  },
};
