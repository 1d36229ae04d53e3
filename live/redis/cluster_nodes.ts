/**
 * The masters of a Redis Cluster that an instance is connected to.
 *
 * @module
 */

import { silentMetrics } from "../domain/metrics.ts";
import type { Logger } from "../domain/logger.ts";
import type { ClusterRedis } from "../domain/redis_address.ts";
import type { ReadyNode } from "./cluster_slots.ts";
import type { RedisSession } from "./link.ts";
import { RedisLink } from "./redis_link.ts";

/** What the nodes need. */
export interface ClusterNodesOptions {
  /** Where the cluster is. */
  readonly address: ClusterRedis;
  /** Logs when a node is reached and lost. */
  readonly logger: Logger;
  /** Called with each new session. */
  readonly onUp: (session: RedisSession) => void;
  /** Called when a node was reached or lost, and when an attempt to reach it failed. */
  readonly onChanged: (isUp: boolean) => void;
  /** Called when a node has ended a channel's subscription, because its slot has moved. */
  readonly onMoved: (channel: string) => void;
}

/** How long a node that has no slots yet is kept after another node referred to it, in milliseconds. */
const IMPORTING_MS = 60_000;

/** Links to nodes, by address. Each reconnects independently of the others. */
export class ClusterNodes {
  readonly #options: ClusterNodesOptions;
  readonly #nodes = new Map<string, RedisLink>();
  /** Links that are being closed. */
  readonly #leaving = new Set<Promise<void>>();
  /**
   * When another node last referred to a node that imports a slot, in milliseconds of the monotonic clock.
   */
  readonly #importing = new Map<string, number>();

  /** Creates an empty set of nodes. */
  constructor(options: ClusterNodesOptions) {
    this.#options = options;
  }

  /** Addresses of all nodes. */
  get addresses(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** Nodes that are connected. */
  get ready(): ReadyNode[] {
    return [...this.#nodes].flatMap(([address, { session }]): ReadyNode[] =>
      session === undefined ? [] : [[address, session.commands]]
    );
  }

  /** Sessions with nodes that are connected. */
  get sessions(): RedisSession[] {
    const sessions = [...this.#nodes.values()].map(({ session }) => session);
    return sessions.filter((session) => session !== undefined);
  }

  /** Returns the link to a node, if there is one. */
  get(address: string | undefined): RedisLink | undefined {
    return this.#nodes.get(address ?? "");
  }

  /** Returns the link to a node; connects if there is none. */
  join(address: string): RedisLink {
    const known = this.#nodes.get(address);
    if (known !== undefined) return known;
    const { address: cluster, logger, onUp, onChanged, onMoved } = this.#options;
    const node = new RedisLink({
      url: cluster.urlOf(address),
      node: address,
      logger,
      metrics: { ...silentMetrics, redisUp: onChanged },
      onMoved,
    });
    node.onUp((session) => Promise.resolve(onUp(session)));
    this.#nodes.set(address, node);
    node.start();
    return node;
  }

  /** Returns the link to a node that imports a slot; the node may have no slots yet. */
  importer(address: string): RedisLink {
    this.#importing.set(address, performance.now());
    return this.join(address);
  }

  /** Connects to all masters, and disconnects from all other nodes. */
  follow(masters: ReadonlySet<string>): void {
    for (const master of masters) this.join(master);
    const importingSince = performance.now() - IMPORTING_MS;
    for (const [address, node] of this.#nodes) {
      if (masters.has(address) || (this.#importing.get(address) ?? -1) > importingSince) continue;
      this.#nodes.delete(address);
      this.#importing.delete(address);
      const left = node.stop().then(() => void this.#leaving.delete(left));
      this.#leaving.add(left);
    }
  }

  /** Closes all connections. */
  async stop(): Promise<void> {
    await Promise.all([...this.#leaving, ...[...this.#nodes.values()].map((node) => node.stop())]);
  }
}
