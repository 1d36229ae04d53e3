/**
 * Processes that stay on one core, so that server and clients do not compete.
 *
 * @module
 */

import { isInstalled } from "../support/program.ts";

const hasTaskset = isInstalled("taskset");

/** Starts a process on a core, where `taskset` is there to do so; its output is piped. */
export function pinned(
  core: number,
  program: string,
  args: readonly string[],
  options: Omit<Deno.CommandOptions, "args"> = {},
): Deno.ChildProcess {
  const words = hasTaskset ? ["taskset", "-c", `${core}`, program, ...args] : [program, ...args];
  const [name = program, ...rest] = words;
  return new Deno.Command(name, { stdout: "piped", stderr: "inherit", ...options, args: rest })
    .spawn();
}
