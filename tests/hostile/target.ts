/**
 * The server that is attacked: `main.ts` as a process of its own, and what can be seen of it from
 * outside.
 *
 * @module
 */

import { variables } from "../../live/config/variables.ts";
import { pause } from "../faults/publisher.ts";
import { linesOf } from "./lines.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import { flagsOf } from "../support/task_flags.ts";

const ROOT = new URL("../../", import.meta.url);

/** Where the server's standard output goes. */
export type Output =
  /** To this program, which reads it. */
  | "read"
  /** Into a pipe that nobody reads. */
  | "stuck"
  /** Into a pipe whose reader has left. */
  | "closed"
  /** To a device that is full. */
  | "full";

/** How to run the server. */
export interface TargetOptions {
  /** Variables; of the server's own none is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Where its standard output goes.
   *
   * @default {"read"}
   */
  readonly output?: Output;
  /**
   * A module that runs before `main.ts`, from the root of the repository.
   *
   * @default {none}
   */
  readonly preload?: string;
}

/** What every server runs first. */
const COLLECT = "tests/hostile/collect.ts";

/** How long a collection of garbage may take, in milliseconds. */
const COLLECT_MS = 300;

/** How long a start may take, in milliseconds. */
const START_MS = 30_000;

/** How long the server may take to answer a call of ours, in milliseconds. */
const ANSWER_MS = 10_000;

/** How often to look whether something has come about, in milliseconds. */
const LOOK_MS = 100;

/** A server that is listening. */
export class Target implements AsyncDisposable {
  /** Port of the live listener. */
  readonly live: number;
  /** Port of the ops listener. */
  readonly ops: number;
  /** Lines of its log from the level ERROR on, and all that it wrote to standard error. */
  readonly complaints: string[] = [];
  readonly #child: Deno.ChildProcess;
  #isRunning = true;

  private constructor(child: Deno.ChildProcess, live: number, ops: number, output: Output) {
    this.#child = child;
    this.live = live;
    this.ops = ops;
    child.status.then(() => this.#isRunning = false);
    this.#listen(child.stderr, () => true);
    if (output === "read") this.#listen(child.stdout, (line) => line.includes('"level":"ERROR"'));
    if (output === "closed") child.stdout.cancel();
  }

  /** Starts the server on free ports, with the flags of `deno task start`; resolves once ready. */
  static async start({ env, output = "read", preload }: TargetOptions): Promise<Target> {
    const [live, ops] = [takeFreePort(), takeFreePort()];
    const unset = Object.fromEntries(Object.keys(variables).map((name) => [name, ""]));
    const own = { LIVE_WS_HOST: "127.0.0.1", LIVE_WS_PORT: `${live}`, OPS_PORT: `${ops}` };
    const preloads = [COLLECT, ...(preload === undefined ? [] : [preload])];
    const redirect = output === "full" ? ">/dev/full" : "";
    const flags = [...await flagsOf("imports"), ...await flagsOf("permissions")];
    const command = new Deno.Command("sh", {
      args: [
        "-c",
        `exec "$0" "$@" ${redirect}`,
        Deno.execPath(),
        "run",
        "-q",
        ...flags,
        ...preloads.map((path) => `--preload=${path}`),
        "main.ts",
      ],
      cwd: ROOT,
      env: { ...unset, ...own, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const target = new Target(command.spawn(), live, ops, output);
    const until = Date.now() + START_MS;
    while (!await target.answers("/readyz")) {
      if (!target.#isRunning || Date.now() > until) {
        await target[Symbol.asyncDispose]();
        throw new Error(`Cannot start the server: ${target.complaints.join("\n")}`);
      }
      await pause(LOOK_MS);
    }
    return target;
  }

  /** Whether the process runs. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Tells whether a route of the ops listener answers 200 in time. */
  async answers(path: string): Promise<boolean> {
    try {
      return (await this.#get(path)).ok;
    } catch {
      return false;
    }
  }

  /** Resolves to the metrics; those with labels are named as in `upgrades_total{result="left"}`. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const lines = (await (await this.#get("/metrics")).text()).split("\n");
    const samples = lines.filter((line) => line.startsWith("processor_live_"));
    return new Map(samples.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice("processor_live_".length, space), Number(line.slice(space + 1))];
    }));
  }

  /** What it holds of the machine's memory, now and at most so far, in MiB. */
  get memory(): { readonly now: number; readonly most: number } {
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    const mib = (name: string) =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024);
    return { now: mib("VmRSS"), most: mib("VmHWM") };
  }

  /** Has it collect its garbage; resolves to what it still holds, in MiB. */
  async collect(): Promise<number> {
    this.kill("SIGUSR2");
    await pause(COLLECT_MS);
    return this.memory.now;
  }

  /** How many files and sockets it has open. */
  get descriptors(): number {
    return [...Deno.readDirSync(`/proc/${this.#child.pid}/fd`)].length;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it, if that has not happened, and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isRunning) this.kill("SIGKILL");
    await this.#child.status;
  }

  async #get(path: string): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${this.ops}${path}`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return new Response(await response.text(), response);
  }

  async #listen(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    isComplaint: (line: string) => boolean,
  ): Promise<void> {
    for await (const line of linesOf(stream)) if (isComplaint(line)) this.complaints.push(line);
  }
}
