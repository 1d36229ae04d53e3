/**
 * Prints the flags that every task runs Deno with: the lock file is frozen, and where JSR is out of
 * reach the modules of this folder stand in for `@std`.
 *
 * Only an unreachable registry is a reason for stand-ins. When the registry, or the cache, holds
 * content that the lock file does not allow, the task must stop: otherwise an attacker who can
 * tamper with a download could choose what runs instead. An error status for the first package, a 404
 * too, is how proxies and mirrors without JSR answer, so it counts as out of reach. It gives an attacker
 * no choice: the stand-ins are files of this repository, and their lock file has checksums as well. Once
 * the registry has the first package, whatever fails to load afterwards stops the task.
 *
 * @module
 */

/** Flags for Deno, by whether the modules from JSR could be loaded. */
const flags = {
  loaded: "--frozen",
  unreachable: "--frozen --import-map=tests/npm_only/imports.json --lock=tests/npm_only/deno.lock",
  /** Deno rejects this value. Tasks use `$(…)`, which hides the exit code of this program. */
  failed: "--frozen=because-modules-failed-to-load",
} as const;

/** Time that the registry has to answer, in milliseconds. A blocked name look-up can take 5 s. */
const ANSWER_MS = 2_000;

/** Deno's exit code when a module differs from its checksum. */
const INTEGRITY_FAILED = 10;

/** Loads every module that the project uses from JSR, and returns the exit code. */
async function load(option?: "--cached-only"): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["install", "-q", "--frozen", "--entrypoint", "tests/npm_only/probe.ts"],
      ...(option === undefined ? [] : [option]),
    ],
    stdout: "null",
    stderr: option === undefined ? "inherit" : "null",
  }).output();
  return code;
}

/** Tells whether the registry has the first package. An error status may come from a proxy. */
async function answers(registry: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(new URL("/@std/assert/meta.json", registry), { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function outcome(): Promise<keyof typeof flags> {
  const code = await load("--cached-only");
  if (code === 0) return "loaded";
  const registry = Deno.env.get("JSR_URL") ?? "https://jsr.io";
  if (code !== INTEGRITY_FAILED && !await answers(registry)) return "unreachable";
  return await load() === 0 ? "loaded" : "failed";
}

const result = await outcome();
if (result === "unreachable") {
  // deno-lint-ignore no-console -- this is a program of its own
  console.error("JSR is out of reach: tests/npm_only stands in for @std");
}
// deno-lint-ignore no-console
console.log(flags[result]);
Deno.exit(result === "failed" ? 1 : 0);
