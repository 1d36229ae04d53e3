/**
 * A real Redis Cluster on this machine: masters, and a replica of each if a test needs them.
 *
 * @module
 */

import { takeFreePort } from "../../live/transport/listener.ts";
import { RedisServer, type RedisServerOptions } from "./redis_server.ts";

/** Hash slots of a cluster. */
const SLOTS = 16_384;

/** How to start a cluster. */
export interface RedisClusterOptions {
  /** Number of masters. @default {3} */
  readonly masters?: number;
  /** Number of replicas of each master. @default {0} */
  readonly replicas?: number;
  /** How long a node may be silent before others replace it, in milliseconds. @default {1_000} */
  readonly nodeTimeoutMs?: number;
  /** Password of the default user. @default {none} */
  readonly password?: string;
  /** More directives of a node. @default {none} */
  readonly args?: () => readonly string[];
  /** Whether all masters refuse to work while another one is down. @default {false} */
  readonly fullCoverage?: boolean;
  /** Whether each write is on disk before it is answered. @default {false} */
  readonly durable?: boolean;
}

/** Nodes of a cluster: first the masters in the order of their slots, then replicas in the same order. */
export class RedisCluster implements AsyncDisposable {
  readonly nodes: readonly RedisServer[];
  readonly #masters: number;

  private constructor(nodes: readonly RedisServer[], masters: number) {
    this.nodes = nodes;
    this.#masters = masters;
  }

  /** Starts a cluster; resolves once every node says that all slots are served. */
  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const { masters = 3, replicas = 0 } = options;
    const nodes: RedisServer[] = [];
    for (let i = 0; i < masters * (1 + replicas); i++) nodes.push(await startNode(options));
    const cluster = new RedisCluster(nodes, masters);
    await cluster.#join();
    return cluster;
  }

  /** The masters that it began with. */
  get masters(): readonly RedisServer[] {
    return this.nodes.slice(0, this.#masters);
  }

  /** Its address, as `REDIS_URL` takes it. */
  get url(): string {
    const login = /^redis:\/\/(.*@)?/.exec(this.nodes[0]?.url ?? "")?.[1] ?? "";
    return `redis+cluster://${login}${this.masters.map(({ port }) => `127.0.0.1:${port}`).join()}`;
  }

  /** Returns the index of the master that a slot was given to in the beginning. */
  masterOf(slot: number): number {
    return Math.floor(slot / Math.ceil(SLOTS / this.#masters));
  }

  /** Runs a command on a master that it began with. */
  command(master: number, ...command: readonly string[]): ReturnType<RedisServer["command"]> {
    return node(this.nodes, master).command(...command);
  }

  /** Adds a master without slots, and returns its index. */
  async add(): Promise<number> {
    const added = await startNode({});
    (this.nodes as RedisServer[]).push(added);
    await meet(added, node(this.nodes, 0));
    while (!String(await added.command("CLUSTER", "INFO")).includes("cluster_state:ok"));
    return this.nodes.length - 1;
  }

  /**
   * Moves a slot to another node, key by key, as `redis-cli --cluster reshard` does.
   *
   * @param during Called between the keys.
   */
  async move(slot: number, from: number, to: number, during?: () => Promise<void>): Promise<void> {
    const [source, target] = [node(this.nodes, from), node(this.nodes, to)];
    const [sourceId, targetId] = await Promise.all([source, target].map(idOf));
    await target.command("CLUSTER", "SETSLOT", `${slot}`, "IMPORTING", `${sourceId}`);
    await source.command("CLUSTER", "SETSLOT", `${slot}`, "MIGRATING", `${targetId}`);
    for (;;) {
      const keys = [await source.command("CLUSTER", "GETKEYSINSLOT", `${slot}`, "1")].flat();
      if (keys.length === 0) break;
      const args = ["127.0.0.1", `${target.port}`, "", "0", "5000", "KEYS", `${keys[0]}`];
      await source.command("MIGRATE", ...args);
      await during?.();
    }
    for (const each of [target, source]) {
      await each.command("CLUSTER", "SETSLOT", `${slot}`, "NODE", `${targetId}`);
    }
  }

  /** Resolves once the first replica of a master has everything that the master has. */
  async replicated(master: number): Promise<void> {
    for (;;) {
      const info = String(await this.command(master, "INFO", "replication"));
      const [, sent] = /^slave0:.*offset=(\d+)/m.exec(info) ?? [];
      if (sent !== undefined && info.includes(`master_repl_offset:${sent}\r`)) return;
    }
  }

  /** Ends all nodes, and removes their folders. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.nodes) await each[Symbol.asyncDispose]();
  }

  async #join(): Promise<void> {
    const share = Math.ceil(SLOTS / this.#masters);
    for (const [i, master] of this.masters.entries()) {
      const range = [i * share, Math.min((i + 1) * share, SLOTS) - 1].map(String);
      await master.command("CLUSTER", "ADDSLOTSRANGE", ...range);
      await master.command("CLUSTER", "SET-CONFIG-EPOCH", `${i + 1}`);
    }
    for (const [i, each] of this.nodes.entries()) {
      for (const other of this.nodes.slice(i + 1)) await meet(each, other);
    }
    await this.#agreed();
    for (const [i, replica] of this.nodes.slice(this.#masters).entries()) {
      const master = String(await idOf(node(this.nodes, i % this.#masters)));
      await replica.command("CLUSTER", "REPLICATE", master);
      while (!String(await replica.command("INFO", "replication")).includes("link_status:up"));
    }
  }

  /** Resolves once every node knows all others, and that all slots are served. */
  async #agreed(): Promise<void> {
    for (const each of this.nodes) {
      for (;;) {
        const info = String(await each.command("CLUSTER", "INFO"));
        const knowsAll = info.includes(`cluster_known_nodes:${this.nodes.length}`);
        if (knowsAll && info.includes("cluster_state:ok")) break;
      }
    }
  }
}

/** Starts a node. The default port of its bus, 10,000 above its own, can be too high. */
function startNode(options: RedisClusterOptions): Promise<RedisServer> {
  const { nodeTimeoutMs = 1_000, password, durable = false, fullCoverage = false } = options;
  const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", `${nodeTimeoutMs}`];
  args.push(
    "--repl-diskless-sync-delay",
    "0",
    "--cluster-require-full-coverage",
    fullCoverage ? "yes" : "no",
    "--cluster-port",
    `${takeFreePort()}`,
  );
  if (password !== undefined) args.push("--masterauth", password);
  args.push(...options.args?.() ?? []);
  const server: RedisServerOptions = { args, durable };
  return RedisServer.start(password === undefined ? server : { ...server, password });
}

async function meet(server: RedisServer, other: RedisServer): Promise<void> {
  const [, busPort] = [await other.command("CONFIG", "GET", "cluster-port")].flat();
  await server.command("CLUSTER", "MEET", "127.0.0.1", `${other.port}`, `${busPort}`);
}

function idOf(server: RedisServer): ReturnType<RedisServer["command"]> {
  return server.command("CLUSTER", "MYID");
}

function node(nodes: readonly RedisServer[], index: number): RedisServer {
  const found = nodes[index];
  if (found === undefined) throw new RangeError(`Cannot use node ${index} of ${nodes.length}`);
  return found;
}
