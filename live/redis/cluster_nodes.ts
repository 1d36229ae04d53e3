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
  /** Called when a node was reached, lost, or not reached. */
  readonly onChanged: (isUp: boolean) => void;
  /** Called when a node has ended a channel's subscription, because its slot has moved. */
  readonly onMoved: (channel: string) => void;
}

/** How long a node without slots is kept that another one refers to, in milliseconds. */
const IMPORTING_MS = 60_000;

/** Links to nodes, by address. Each is replaced when it breaks, whatever the others do. */
export class ClusterNodes {
  readonly #options: ClusterNodesOptions;
  readonly #nodes = new Map<string, RedisLink>();
  /** Nodes that are being left. */
  readonly #leaving = new Set<Promise<void>>();
  /** When each node was referred to that imports a slot, in milliseconds of the monotonic clock. */
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

  /** Returns a node that is known already. */
  get(address: string | undefined): RedisLink | undefined {
    return this.#nodes.get(address ?? "");
  }

  /** Returns a node; connects to it if it is new. */
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

  /** Returns the node that imports a slot, which may have no slots yet. */
  importer(address: string): RedisLink {
    this.#importing.set(address, performance.now());
    return this.join(address);
  }

  /** Connects to all masters, and leaves nodes that are none. */
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
