/**
 * The server under attack: `main.ts` as a separate process, observed from outside.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { takeFreePort } from "../../live/transport/listener.ts";
import { cpuSeconds, memoryKib } from "../support/proc.ts";
import { ServerProcess, type SpawnOptions } from "../support/process.ts";

/** Bearer token of the server's publish call. */
export const TOKEN = "the-hostile-suites-publish-token";

/** Collects garbage at SIGUSR2, and reports the size of the heap. */
const COLLECT = "tests/hostile/collect.ts";

/** How often to ask a starting server whether it is ready, in milliseconds. */
const POLL_MS = 100;

/** A call to the ops listener that takes longer than this has failed, in milliseconds. */
const ANSWER_MS = 30_000;

const MIB = 1_048_576;

/** A server that is listening. */
export class Target implements AsyncDisposable {
  /** Port of the live listener. */
  readonly live: number;
  /** Port of the ops listener. */
  readonly ops: number;
  readonly #server: ServerProcess;
  #collections = 0;

  private constructor(server: ServerProcess, live: number, ops: number) {
    this.#server = server;
    this.live = live;
    this.ops = ops;
  }

  /** Starts the server on free ports; resolves once it is ready. Its log may be unreadable. */
  static async start(
    env: Readonly<Record<string, string>>,
    { preloads = [], ...options }: SpawnOptions,
  ): Promise<Target> {
    for (;;) {
      const [live, ops] = [takeFreePort(), takeFreePort()];
      const own = { LIVE_WS_PORT: `${live}`, OPS_PORT: `${ops}`, LIVE_PUBLISH_TOKEN: TOKEN };
      const server = await ServerProcess.spawn({ ...own, ...env }, [], {
        ...options,
        preloads: [COLLECT, ...preloads],
      });
      const target = new Target(server, live, ops);
      while (target.isRunning && !await target.answers("/readyz")) await sleep(POLL_MS);
      if (target.isRunning) return target;
      const { stderr } = await server.ended;
      // Another program can take a free port before the server does.
      if (!stderr.includes("port is taken")) throw new Error(`Cannot start the server: ${stderr}`);
    }
  }

  /** Whether the process runs. */
  get isRunning(): boolean {
    return this.#server.isRunning;
  }

  /** Lines of its log at level ERROR, and everything it wrote to standard error. */
  get errors(): string[] {
    const { log, stderr } = this.#server;
    return [
      ...log.filter(({ level }) => level === "ERROR").map((line) => JSON.stringify(line)),
      ...stderr.split("\n").filter((line) => line !== "" && !line.startsWith("heap ")),
    ];
  }

  /** Tells whether a route of the ops listener answers 200. */
  async answers(path: string): Promise<boolean> {
    try {
      return (await this.#get(path)).ok;
    } catch {
      return false;
    }
  }

  /** Resolves to the metrics, by names such as `upgrades_total{result="left"}`. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const lines = (await (await this.#get("/metrics")).text()).split("\n");
    const samples = lines.filter((line) => line.startsWith("processor_live_"));
    return new Map(samples.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice("processor_live_".length, space), Number(line.slice(space + 1))];
    }));
  }

  /** Resident memory now and at its peak, in MiB. */
  get memoryMib(): { readonly now: number; readonly peak: number } {
    const { now, peak } = memoryKib(this.#server.pid);
    return { now: Math.round(now / 1024), peak: Math.round(peak / 1024) };
  }

  /** CPU time that it has used, in seconds. */
  get cpuSeconds(): number {
    return cpuSeconds(this.#server.pid);
  }

  /** How many files and sockets it has open. */
  get descriptors(): number {
    return [...Deno.readDirSync(`/proc/${this.#server.pid}/fd`)].length;
  }

  /** Collects its garbage; resolves to the size of its JavaScript heap, in MiB. */
  async collect(): Promise<number> {
    const pattern = new RegExp(`heap ${++this.#collections}: (\\d+)`);
    this.kill("SIGUSR2");
    const match = await this.#server.find(pattern);
    return Number(match?.[1]) / MIB;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#server.kill(signal);
  }

  /** Kills it, if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #get(path: string): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${this.ops}${path}`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return new Response(await response.text(), response);
  }
}
