/**
 * Which node of a Redis Cluster holds which slots.
 *
 * @module
 */

import type { ClusterRedis } from "../domain/redis_address.ts";
import { reasonOf, RedisClient } from "./client.ts";
import { readSlots } from "./cluster_replies.ts";

/** How many nodes are asked at a time, so that one that hangs does not delay the answer. */
const ASKED_AT_ONCE = 3;

/** A node with a connection. */
export type ReadyNode = readonly [address: string, commands: RedisClient];

/**
 * Asks the connected nodes. If none answers, connects to the other nodes one by one.
 *
 * @param ready Nodes that are connected.
 * @param others Nodes that are not, in the order in which to try them.
 * @returns The address of the master of each slot.
 * @throws {ClusterDown} If nodes answer, and all of them say that the cluster is down.
 * @throws {Error} If no node answers.
 */
export async function findOwners(
  { urlOf }: ClusterRedis,
  ready: readonly ReadyNode[],
  others: Iterable<string>,
  signal: AbortSignal,
): Promise<(string | undefined)[]> {
  const asked = [...ready].sort(() => Math.random() - 0.5).slice(0, ASKED_AT_ONCE);
  try {
    return await Promise.any(asked.map((node) => ask(...node)));
  } catch (error) {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    const down = errors.find((error) => error instanceof ClusterDown);
    if (down !== undefined) throw down;
    // No node answers, or none is connected.
  }
  const reasons: string[] = [];
  for (const address of others) {
    try {
      const client = await RedisClient.connect(urlOf(address), { signal });
      return await ask(address, client).finally(() => client.lose("asked"));
    } catch (error) {
      reasons.push(`${address}: ${reasonOf(error)}`);
    }
  }
  throw new Error(reasons.join("; "));
}

/**
 * All nodes that answer say that the cluster is down: most masters are unreachable, or one is and the
 * cluster requires full coverage.
 */
export class ClusterDown extends Error {
  override name = "ClusterDown";
}

async function ask(address: string, commands: RedisClient): Promise<(string | undefined)[]> {
  const host = address.slice(0, address.lastIndexOf(":"));
  const info = String(await commands.run(["CLUSTER", "INFO"]));
  if (info.includes("cluster_state:fail")) {
    throw new ClusterDown("the cluster is down (cluster_state:fail)");
  }
  return readSlots(await commands.run(["CLUSTER", "SLOTS"]), host);
}
