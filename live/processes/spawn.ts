/**
 * Starting a process of the same program.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import type { Spawn } from "./member.ts";

/** The argument that makes a process one of several: it ends when its standard input does. */
export const PROCESS_OPTION = "--process";

/** What starting processes needs. */
export interface SpawnOptions {
  /** The configuration of all. */
  readonly config: Config;
  /** The port that all listen on. */
  readonly livePort: number;
  /** Name of this instance; a process adds its number. */
  readonly instanceId: string;
  /** The folder of `deno.json`, unless the program is one executable. */
  readonly folder: string | undefined;
}

/**
 * Returns what starts this executable, or where it is Deno the task `start`, which has the flags. The
 * process inherits the environment, and what one Directus is asked at a time is shared out.
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
      // It reads nothing. The system closes this end as well, however this process ends.
      stop: () => void child.stdin.close().catch(() => {}),
    };
  };
}
