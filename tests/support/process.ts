/**
 * The server as a process of its own.
 *
 * @module
 */

import { assert } from "@std/assert";
import { variables } from "../../live/config/variables.ts";
import { Watch } from "./queue.ts";
import { flagsOf } from "./task_flags.ts";

const root = new URL("../../", import.meta.url);

/** A line of the server's log in JSON. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** How a process ended, and everything it wrote. */
export interface Ended {
  /** Its exit code. */
  readonly code: number;
  /** All of its standard output. */
  readonly stdout: string;
  /** All of its standard error. */
  readonly stderr: string;
}

let flags: Promise<[imports: string[], permissions: string[]]> | undefined;

/** `main.ts` in a process, with the permissions and the imports of `deno task start`. */
export class ServerProcess implements AsyncDisposable {
  /** Resolves to how it ended. */
  readonly ended: Promise<Ended>;
  readonly #child: Deno.ChildProcess;
  readonly #watch = new Watch();
  readonly #texts = { stdout: "", stderr: "" };
  /** Whether the process itself runs; processes that it started may outlive it and write. */
  #living = true;
  #running = true;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.ended = this.#end();
  }

  /**
   * Runs `main.ts`.
   *
   * @param env Environment variables. None of the server's own is inherited. By default it listens on
   * 127.0.0.1 and free ports.
   * @param args Arguments.
   * @param permissions Flags in place of those of `deno task start`.
   */
  static async spawn(
    env: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
    permissions: readonly string[] | undefined = undefined,
  ): Promise<ServerProcess> {
    flags ??= Promise.all([flagsOf("imports"), flagsOf("permissions")]);
    const [imports, usual] = await flags;
    const unset = Object.fromEntries(Object.keys(variables).map((name) => [name, ""]));
    const runsItself = env["LIVE_PROCESSES"] ? [`--allow-run=${Deno.execPath()}`] : [];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", ...imports, ...permissions ?? usual, ...runsItself, "main.ts", ...args],
      cwd: root,
      env: { ...unset, LIVE_WS_HOST: "127.0.0.1", LIVE_WS_PORT: "0", OPS_PORT: "0", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return new ServerProcess(command.spawn());
  }

  /** Everything it has written so far. */
  get output(): string {
    return this.#texts.stdout + this.#texts.stderr;
  }

  /** The lines of its log so far. */
  get log(): LogRecord[] {
    const lines = this.#texts.stdout.split("\n").slice(0, -1);
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /**
   * Resolves to the nth line with this message; rejects if the process ends before.
   */
  async line(message: string, nth = 1): Promise<LogRecord> {
    const find = () => this.log.filter((line) => line["message"] === message)[nth - 1];
    return await this.#find(find, message);
  }

  /**
   * Resolves to the ports of the live and the ops listener once both listen. Both log formats work.
   */
  async ports(): Promise<{ live: number; ops: number }> {
    const port = (listener: string) => {
      const pattern = new RegExp(`${listener} listener started.*port\\W+(\\d+)`);
      return this.#find(() => pattern.exec(this.#texts.stdout)?.[1], pattern);
    };
    return { live: Number(await port("live")), ops: Number(await port("ops")) };
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it if it still runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#living) this.#child.kill("SIGKILL");
    await this.ended;
  }

  async #find<T>(find: () => T | undefined, what: unknown): Promise<T> {
    await this.#watch.until(() => find() !== undefined || !this.#running);
    const found = find();
    assert(found !== undefined, `No ${what} in:\n${this.output}`);
    return found;
  }

  async #end(): Promise<Ended> {
    const [{ code }] = await Promise.all([
      this.#child.status.finally(() => this.#living = false),
      this.#read("stdout"),
      this.#read("stderr"),
    ]);
    this.#running = false;
    this.#watch.changed();
    return { code, ...this.#texts };
  }

  async #read(name: "stdout" | "stderr"): Promise<void> {
    for await (const text of this.#child[name].pipeThrough(new TextDecoderStream())) {
      this.#texts[name] += text;
      this.#watch.changed();
    }
  }
}
