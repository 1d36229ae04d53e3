/**
 * A real Redis server, one for each test that needs it.
 *
 * @module
 */

import { createClient } from "@redis/client";
import { takeFreePort } from "../../live/transport/listener.ts";
import type { Certificate } from "./certificate.ts";
import { isInstalled, Program } from "./program.ts";

/** How to start a server. */
export interface RedisServerOptions {
  /**
   * More directives, as `redis-server` takes them on its command line.
   *
   * @default {[]}
   */
  readonly args?: readonly string[];
  /**
   * Whether each write is on disk before it is answered. Otherwise nothing is written to disk.
   *
   * @default {false}
   */
  readonly durable?: boolean;
  /**
   * Folder with the data to start with, from {@linkcode RedisServer.backUp}.
   *
   * @default {none}
   */
  readonly data?: string;
  /**
   * Password of the default user.
   *
   * @default {none}
   */
  readonly password?: string;
}

/** An answer of Redis in RESP 2. */
export type Reply = string | number | null | Reply[];

/** Where a durable server keeps its data, below its folder. */
const DATA = "appendonlydir";

/** Whether `redis-server` is on this machine. */
export const hasRedis: boolean = isInstalled("redis-server");

/** Registers a test that needs Redis. Without Redis it is ignored, and its name says why. */
export function redisTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: hasRedis ? name : `${name} (ignored: no redis-server on PATH)`,
    ignore: !hasRedis,
    fn,
  });
}

/** A `redis-server` on a port of this machine, with a folder of its own. */
export class RedisServer implements AsyncDisposable {
  /** Its port, which a restart keeps. */
  readonly port: number;
  /** Its folder. */
  readonly folder: string;
  readonly #options: RedisServerOptions;
  #program: Program;

  private constructor(port: number, folder: string, options: RedisServerOptions, program: Program) {
    this.port = port;
    this.folder = folder;
    this.#options = options;
    this.#program = program;
  }

  /** Starts a server; resolves once it accepts connections. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await Deno.makeTempDir({ prefix: "live_redis_" });
    if (options.data !== undefined) await copy(options.data, `${folder}/${DATA}`);
    for (;;) {
      const port = takeFreePort();
      const [program, isReady] = await run(port, folder, options);
      if (isReady) return new RedisServer(port, folder, options, program);
      if (!program.output.includes("Address already in use")) throw new Error(program.output);
    }
  }

  /** Its address, with the password if there is one. */
  get url(): string {
    const { password } = this.#options;
    const login = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    return `redis://${login}127.0.0.1:${this.port}`;
  }

  /** Kills it, as a power cut would. */
  async kill(): Promise<void> {
    this.#program.kill("SIGKILL");
    await this.#program.ended;
  }

  /** Shuts it down. */
  async stop(): Promise<void> {
    this.#program.kill("SIGTERM");
    this.#program.kill("SIGCONT"); // a paused process takes no SIGTERM
    await this.#program.ended;
  }

  /** Kills it if it runs, and starts it again on the same port with its data, or without. */
  async restart({ empty = false }: { readonly empty?: boolean } = {}): Promise<void> {
    await this.kill();
    if (empty) await Deno.remove(`${this.folder}/${DATA}`, { recursive: true }).catch(() => {});
    await this.#start();
  }

  /** Copies its data and returns the folder of the copy. Only a durable server has data. */
  async backUp(): Promise<string> {
    const folder = `${this.folder}/${crypto.randomUUID()}`;
    await copy(`${this.folder}/${DATA}`, folder);
    return folder;
  }

  /** Kills it if it runs, and starts it again with data from {@linkcode backUp}. */
  async restore(data: string): Promise<void> {
    await this.kill();
    await Deno.remove(`${this.folder}/${DATA}`, { recursive: true });
    await copy(data, `${this.folder}/${DATA}`);
    await this.#start();
  }

  /** Suspends it: connections stay, and nothing is answered. */
  pause(): void {
    this.#program.kill("SIGSTOP");
  }

  /** Resumes it after a pause. */
  resume(): void {
    this.#program.kill("SIGCONT");
  }

  /**
   * Runs a command on a connection of its own, as the default user.
   *
   * @throws {Error} If Redis refuses it.
   */
  async command(...command: readonly string[]): Promise<Reply> {
    const client = createClient({ url: this.url, RESP: 2, socket: { reconnectStrategy: false } });
    client.on("error", () => {}); // the call below rejects as well
    await client.connect();
    try {
      return await client.sendCommand([...command]) as Reply;
    } finally {
      client.destroy();
    }
  }

  /** Returns how many connections it has, without the one that this call makes. */
  async connections(): Promise<number> {
    const list = String(await this.command("CLIENT", "LIST"));
    return list.trim().split("\n").length - 1;
  }

  /** Ends it and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.folder, { recursive: true });
  }

  async #start(): Promise<void> {
    const [program, isReady] = await run(this.port, this.folder, this.#options);
    if (!isReady) throw new Error(program.output);
    this.#program = program;
  }
}

/** Runs `redis-server`; resolves once it accepts connections, or has failed to start. */
async function run(
  port: number,
  folder: string,
  { args = [], durable = false, password }: RedisServerOptions,
): Promise<[program: Program, isReady: boolean]> {
  const directives = ["--bind", "127.0.0.1", "--dir", folder, "--save", "", "--port", `${port}`];
  if (durable) directives.push("--appendonly", "yes", "--appendfsync", "always");
  if (password !== undefined) directives.push("--requirepass", password);
  const program = new Program("redis-server", { args: [...directives, ...args] });
  return [program, await program.find(/Ready to accept connections/) !== undefined];
}

/** Copies a folder of files. */
async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Lines of a configuration with which a server listens with TLS, and uses it to reach others. */
export function tlsLines({ certificate, key }: Certificate, port: number): string[] {
  return [
    `tls-port ${port}`,
    `tls-cert-file ${certificate}`,
    `tls-key-file ${key}`,
    `tls-ca-cert-file ${certificate}`,
    "tls-auth-clients no",
    "tls-replication yes",
  ];
}

/** Directives with which a server listens with TLS as well, on a free port. */
export function tlsArgs(certificate: Certificate): string[] {
  return tlsLines(certificate, takeFreePort()).flatMap((line) => `--${line}`.split(" "));
}

/** Resolves to the port on which a server listens with TLS. */
export async function tlsPortOf(server: RedisServer): Promise<number> {
  return Number([await server.command("CONFIG", "GET", "tls-port")].flat()[1]);
}
