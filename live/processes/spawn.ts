/**
 * Starting further processes of the same program.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import type { Spawn } from "./member.ts";

/** The argument that makes a process one of several: it ends when its standard input closes. */
export const PROCESS_OPTION = "--process";

/** Options for starting processes. */
export interface SpawnOptions {
  /** The configuration of all processes. */
  readonly config: Config;
  /** The port that they share. */
  readonly livePort: number;
  /** Name of this instance; each process adds its number. */
  readonly instanceId: string;
  /** The folder of `deno.json`; `undefined` in a compiled executable. */
  readonly folder: string | undefined;
}

/**
 * Creates a function that starts this executable, or the task `start` if the executable is Deno. The
 * processes inherit the environment, and share the concurrency of calls to Directus.
 */
export function createSpawn({ config, livePort, instanceId, folder }: SpawnOptions): Spawn {
  const { LIVE_PROCESSES: count, DIRECTUS_MAX_CONCURRENCY: calls } = config;
  const args = folder === undefined ? [] : ["task", "-q", "start"];
  return (index, opsPort) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args, PROCESS_OPTION],
      ...(folder === undefined ? {} : { cwd: folder }),
      env: {
        LIVE_PROCESSES: "1",
        LIVE_WS_PORT: `${livePort}`,
        OPS_HOST: "127.0.0.1",
        OPS_PORT: `${opsPort}`,
        INSTANCE_ID: `${instanceId}-${index}`,
        DIRECTUS_MAX_CONCURRENCY: `${Math.max(1, Math.floor(calls / count))}`,
      },
      stdin: "piped",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    return {
      ended: child.status.then(({ code }) => code),
      // The process reads nothing. The system closes the pipe however this process ends.
      stop: () => void child.stdin.close().catch(() => {}),
    };
  };
}
