/**
 * Processes that stay on one core, so that server and clients do not compete.
 *
 * @module
 */

/** Starts a process on a core, where `taskset` is there to do so; its output is piped. */
export function pinned(
  core: number,
  program: string,
  args: readonly string[],
  options: Omit<Deno.CommandOptions, "args"> = {},
): Deno.ChildProcess {
  const words = has("taskset")
    ? ["taskset", "-c", `${core}`, program, ...args]
    : [program, ...args];
  const [name = program, ...rest] = words;
  return new Deno.Command(name, { stdout: "piped", stderr: "inherit", ...options, args: rest })
    .spawn();
}

const known = new Map<string, boolean>();

/** Tells whether a program is on the path. */
export function has(program: string): boolean {
  let found = known.get(program);
  if (found === undefined) {
    const folders = (Deno.env.get("PATH") ?? "").split(":");
    found = folders.some((folder) => exists(`${folder}/${program}`));
    known.set(program, found);
  }
  return found;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
