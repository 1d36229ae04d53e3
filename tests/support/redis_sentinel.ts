/**
 * A master with a replica that Sentinels watch, all real and on this machine.
 *
 * @module
 */

import { createClient } from "@redis/client";
import { takeFreePort } from "../../live/transport/listener.ts";
import { Program } from "./program.ts";
import type { Certificate } from "./certificate.ts";
import { RedisServer, tlsArgs, tlsLines, tlsPortOf } from "./redis_server.ts";

/** Name of the master. */
const NAME = "live-master";

/** How long a server may be silent before Sentinels replace it, in milliseconds. */
const DOWN_AFTER_MS = 1_000;

/** How to start it. */
export interface RedisSentinelOptions {
  /** Number of Sentinels; a majority decides. @default {1} */
  readonly sentinels?: number;
  /** Password of the servers. @default {none} */
  readonly password?: string;
  /** Password of the Sentinels. @default {none} */
  readonly sentinelPassword?: string;
  /** More lines of the Sentinels' configuration, such as their users. @default {none} */
  readonly sentinelLines?: readonly string[];
  /** More directives of the servers, such as users. @default {none} */
  readonly args?: readonly string[];
  /**
   * Has everything speak TLS with this certificate, which must name 127.0.0.1; the servers listen without
   * TLS as well, on {@linkcode RedisServer.port}.
   *
   * @default {none}
   */
  readonly tls?: Certificate;
  /** Whether each write is on disk before it is answered. @default {false} */
  readonly durable?: boolean;
}

/** A Sentinel: `redis-server --sentinel`, which is what `redis-sentinel` runs. */
interface Sentinel {
  readonly port: number;
  readonly folder: string;
  readonly program: Program;
}

/** Two servers and the Sentinels that watch them. */
export class RedisSentinels implements AsyncDisposable {
  /** The server that is the master in the beginning, and its replica. */
  readonly servers: readonly [RedisServer, RedisServer];
  readonly #sentinels: readonly Sentinel[];
  readonly #password: string | undefined;

  private constructor(
    servers: readonly [RedisServer, RedisServer],
    sentinels: readonly Sentinel[],
    password: string | undefined,
  ) {
    this.servers = servers;
    this.#sentinels = sentinels;
    this.#password = password;
  }

  /** Starts all; resolves once the Sentinels know the replica and each other. */
  static async start(options: RedisSentinelOptions = {}): Promise<RedisSentinels> {
    const { sentinels: count = 1, password, durable = false, tls } = options;
    const login = password === undefined ? {} : { password };
    const args = ["--repl-diskless-sync-delay", "0", ...options.args ?? []];
    if (password !== undefined) args.push("--masterauth", password);
    const start = () =>
      RedisServer.start({ args: [...args, ...tls ? tlsArgs(tls) : []], durable, ...login });
    const master = await start();
    const replica = await start();
    const masterPort = tls ? await tlsPortOf(master) : master.port;
    await replica.command("REPLICAOF", "127.0.0.1", `${masterPort}`);
    while (!String(await replica.command("INFO", "replication")).includes("link_status:up"));
    const sentinels: Sentinel[] = [];
    for (let i = 0; i < count; i++) {
      sentinels.push(await startSentinel(masterPort, count, options));
    }
    const all = new RedisSentinels([master, replica], sentinels, password);
    for (const { program } of sentinels) {
      await program.find(/\+slave slave/);
      for (let i = 1; i < count; i++) await program.find(/\+sentinel sentinel/);
    }
    return all;
  }

  /** Its address, as `REDIS_URL` takes it. */
  get url(): string {
    const login = this.#password === undefined ? "" : `:${encodeURIComponent(this.#password)}@`;
    const hosts = this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join();
    return `redis+sentinel://${login}${hosts}/${NAME}/0`;
  }

  /** Resolves once the replica has everything that the master has. */
  async replicated(): Promise<void> {
    for (;;) {
      const info = String(await this.servers[0].command("INFO", "replication"));
      const [, sent] = /^slave0:.*offset=(\d+)/m.exec(info) ?? [];
      if (sent !== undefined && info.includes(`master_repl_offset:${sent}\r`)) return;
    }
  }

  /** Has the Sentinels name another server as the master, whatever it says of itself. */
  async monitor(port: number): Promise<void> {
    for (const { port: sentinelPort } of this.#sentinels) {
      const client = createClient({ url: `redis://127.0.0.1:${sentinelPort}`, RESP: 2 });
      await client.connect();
      await client.sendCommand(["SENTINEL", "REMOVE", NAME]);
      await client.sendCommand(["SENTINEL", "MONITOR", NAME, "127.0.0.1", `${port}`, "1"]);
      client.destroy();
    }
  }

  /** Kills the master, and resolves once the replica is promoted. */
  async failOver(): Promise<void> {
    const [master, replica] = this.servers;
    await master.kill();
    const role = () => replica.command("ROLE").catch(() => ""); // Sentinel closes its connections
    while (!String(await role()).startsWith("master"));
  }

  /** Ends all, and removes their folders. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { program, folder } of this.#sentinels) {
      program.kill("SIGKILL");
      await program.ended;
      await Deno.remove(folder, { recursive: true });
    }
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}

async function startSentinel(
  masterPort: number,
  count: number,
  { password, sentinelPassword, sentinelLines = [], tls }: RedisSentinelOptions,
): Promise<Sentinel> {
  const folder = await Deno.makeTempDir({ prefix: "live_sentinel_" });
  const port = takeFreePort();
  const lines = [
    ...tls ? ["port 0", ...tlsLines(tls, port)] : [`port ${port}`],
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${Math.floor(count / 2) + 1}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} 5000`,
    ...sentinelLines,
  ];
  if (password !== undefined) lines.push(`sentinel auth-pass ${NAME} ${JSON.stringify(password)}`);
  if (sentinelPassword !== undefined) lines.push(`requirepass ${JSON.stringify(sentinelPassword)}`);
  await Deno.writeTextFile(`${folder}/sentinel.conf`, lines.join("\n"));
  const program = new Program("redis-server", { args: [`${folder}/sentinel.conf`, "--sentinel"] });
  await program.find(/Sentinel ID is/);
  return { port, folder, program };
}
