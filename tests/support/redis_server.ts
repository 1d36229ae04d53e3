/**
 * A real Redis server, one for each test that needs it.
 *
 * @module
 */

import { createClient } from "@redis/client";
import { Watch } from "./queue.ts";
import { takeFreePort } from "../../live/transport/listener.ts";

/** How a server is started. */
export interface RedisServerOptions {
  /**
   * Directives beyond the usual, as `redis-server` takes them on its command line.
   *
   * @default {[]}
   */
  readonly args?: readonly string[];
  /**
   * Whether each write is on disk before it is answered; otherwise nothing ever is.
   *
   * @default {false}
   */
  readonly durable?: boolean;
  /**
   * Folder that {@linkcode RedisServer.backUp} returned, to begin with that data.
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
  /**
   * Directives of TLS, to listen with it and not without; {@linkcode RedisServer.command} cannot
   * be used then.
   *
   * @default {none}
   */
  readonly tls?: readonly string[];
}

/** What Redis answers, as RESP 2 has it. */
export type Reply = string | number | null | Reply[];

/** Where a durable server keeps its data, in its folder. */
const DATA = "appendonlydir";

/** Whether `redis-server` is on this machine. */
export const hasRedis: boolean = isInstalled("redis-server");

/** Registers a test that needs Redis; where there is none it is ignored, and its name says why. */
export function redisTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: hasRedis ? name : `${name} (ignored: no redis-server on PATH)`,
    ignore: !hasRedis,
    fn,
  });
}

/** Tells whether a program can be run and knows its version. */
export function isInstalled(program: string, args: readonly string[] = ["--version"]): boolean {
  try {
    return new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** A `redis-server` on a port of this machine, with a folder of its own. */
export class RedisServer implements AsyncDisposable {
  /** Where it listens, also after a restart. */
  readonly port: number;
  /** Its folder. */
  readonly folder: string;
  readonly #options: RedisServerOptions;
  #process: RedisProcess;

  private constructor(port: number, folder: string, options: RedisServerOptions) {
    this.port = port;
    this.folder = folder;
    this.#options = options;
    this.#process = new RedisProcess(port, folder, options);
  }

  /** Starts a server; resolves once it accepts connections. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await Deno.makeTempDir({ prefix: "live_redis_" });
    if (options.data !== undefined) await copy(options.data, `${folder}/${DATA}`);
    for (;;) {
      const server = new RedisServer(takeFreePort(), folder, options);
      if (await server.#process.ready()) return server;
      const { output } = server.#process;
      if (!output.includes("Address already in use")) throw new Error(output);
    }
  }

  /** Its address, with the password if there is one. */
  get url(): string {
    const { password } = this.#options;
    const login = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    return `redis://${login}127.0.0.1:${this.port}`;
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.#process.end("SIGKILL");
  }

  /** Has it shut down. */
  async stop(): Promise<void> {
    await this.#process.end("SIGTERM");
  }

  /** Starts it again on the same port, after a kill if it runs; with its data unless told otherwise. */
  async restart({ empty = false }: { readonly empty?: boolean } = {}): Promise<void> {
    await this.kill();
    if (empty) await Deno.remove(`${this.folder}/${DATA}`, { recursive: true }).catch(() => {});
    await this.#start();
  }

  /** Copies its data aside and returns the folder of the copy. Only a durable server has any. */
  async backUp(): Promise<string> {
    const folder = `${this.folder}/${crypto.randomUUID()}`;
    await copy(`${this.folder}/${DATA}`, folder);
    return folder;
  }

  /** Starts it again, after a kill if it runs, with data that was copied aside. */
  async restore(data: string): Promise<void> {
    await this.kill();
    await Deno.remove(`${this.folder}/${DATA}`, { recursive: true });
    await copy(data, `${this.folder}/${DATA}`);
    await this.#start();
  }

  /** Stops its clock, so to speak: connections stay, and nothing is answered. */
  pause(): void {
    this.#process.signal("SIGSTOP");
  }

  /** Lets it go on after a pause. */
  resume(): void {
    this.#process.signal("SIGCONT");
  }

  /**
   * Runs a command on a connection of its own, as the default user.
   *
   * @throws {Error} If Redis refuses it.
   */
  async command(...command: readonly string[]): Promise<Reply> {
    const client = createClient({ url: this.url, RESP: 2, socket: { reconnectStrategy: false } });
    client.on("error", () => {}); // who asks is told
    await client.connect();
    try {
      return await client.sendCommand([...command]) as Reply;
    } finally {
      client.destroy();
    }
  }

  /** Returns how many connections it has, but the one that asks. */
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
    this.#process = new RedisProcess(this.port, this.folder, this.#options);
    if (!await this.#process.ready()) throw new Error(this.#process.output);
  }
}

/** One run of the program. */
class RedisProcess {
  /** Resolves once it has ended and all its output is read. */
  readonly ended: Promise<void>;
  /** What it has written so far. */
  output = "";
  readonly #child: Deno.ChildProcess;
  readonly #watch = new Watch();
  #running = true;

  constructor(port: number, folder: string, options: RedisServerOptions) {
    const { args = [], durable = false, password, tls } = options;
    const directives = ["--bind", "127.0.0.1", "--dir", folder, "--save", ""];
    if (tls === undefined) directives.push("--port", `${port}`);
    else directives.push("--port", "0", "--tls-port", `${port}`, ...tls);
    if (durable) directives.push("--appendonly", "yes", "--appendfsync", "always");
    if (password !== undefined) directives.push("--requirepass", password);
    const command = new Deno.Command("redis-server", {
      args: [...directives, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    });
    this.#child = command.spawn();
    this.ended = this.#run();
  }

  /** Resolves once it accepts connections, or to `false` if it has ended instead. */
  async ready(): Promise<boolean> {
    const isReady = () => this.output.includes("Ready to accept connections");
    await this.#watch.until(() => isReady() || !this.#running);
    return isReady();
  }

  signal(signal: Deno.Signal): void {
    if (this.#running) this.#child.kill(signal);
  }

  async end(signal: Deno.Signal): Promise<void> {
    this.signal(signal);
    this.signal("SIGCONT"); // a stopped process takes no SIGTERM
    await this.ended;
  }

  async #run(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.output += text;
      this.#watch.changed();
    }
    await this.#child.status;
    this.#running = false;
    this.#watch.changed();
  }
}

/** Copies a folder of files. */
async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
