/**
 * The server as a process of its own.
 *
 * @module
 */

import { assert } from "@std/assert";
import { variables } from "../../live/config/variables.ts";
import { Program, type ProgramOptions } from "./program.ts";
import { flagsOf } from "./task_flags.ts";

const root = new URL("../../", import.meta.url);

/** A line of the server's log in JSON. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** How to run the server. */
export interface SpawnOptions extends Pick<ProgramOptions, "stdout"> {
  /** Flags in place of the permissions of `deno task start`. */
  readonly permissions?: readonly string[];
  /** How many files it may open, on systems with a shell. @default {as many as the tests} */
  readonly maxOpenFiles?: number;
  /** Modules that run before `main.ts`, from the root of the repository. @default {[]} */
  readonly preloads?: readonly string[];
}

let flags: Promise<[imports: string[], permissions: string[]]> | undefined;

/** `main.ts` in a process, with the permissions and the imports of `deno task start`. */
export class ServerProcess extends Program {
  /**
   * Runs `main.ts`.
   *
   * @param env Environment variables. None of the server's own is inherited. By default it listens on
   * 127.0.0.1 and free ports.
   * @param args Arguments.
   * @param options How to run it.
   */
  static async spawn(
    env: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
    options: SpawnOptions = {},
  ): Promise<ServerProcess> {
    flags ??= Promise.all([flagsOf("imports"), flagsOf("permissions")]);
    const [imports, usual] = await flags;
    const { permissions = usual, preloads = [], maxOpenFiles, ...rest } = options;
    const unset = Object.fromEntries(Object.keys(variables).map((name) => [name, ""]));
    const readsItself = env["LIVE_THREADS"] ? ["--allow-read=live,tests/npm_only"] : [];
    const preloadFlags = preloads.map((path) => `--preload=${path}`);
    const limit = ["-c", `ulimit -n ${maxOpenFiles}; exec "$0" "$@"`, Deno.execPath()];
    return new ServerProcess(maxOpenFiles === undefined ? Deno.execPath() : "sh", {
      args: [
        ...maxOpenFiles === undefined ? [] : limit,
        ...["run", "-q", ...imports, ...permissions, ...readsItself, ...preloadFlags],
        ...["main.ts", ...args],
      ],
      cwd: root,
      env: { ...unset, LIVE_WS_HOST: "127.0.0.1", LIVE_WS_PORT: "0", OPS_PORT: "0", ...env },
      endSignal: "SIGKILL",
      ...rest,
    });
  }

  /** The lines of its log so far. */
  get log(): LogRecord[] {
    const lines = this.stdout.split("\n").slice(0, -1);
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** Resolves to the nth line with this message; rejects if the process ends before. */
  async line(message: string, nth = 1): Promise<LogRecord> {
    const found = await this.until(() =>
      this.log.filter((line) => line["message"] === message)[nth - 1]
    );
    assert(found !== undefined, `No ${message} in:\n${this.output}`);
    return found;
  }

  /**
   * Resolves to the ports of the live and the ops listener once both listen. Both log formats work.
   */
  async ports(): Promise<{ live: number; ops: number }> {
    const port = async (listener: string) => {
      const match = await this.find(new RegExp(`${listener} listener started.*port\\W+(\\d+)`));
      assert(match !== undefined, `No ${listener} listener in:\n${this.output}`);
      return Number(match[1]);
    };
    return { live: await port("live"), ops: await port("ops") };
  }
}
