/**
 * The permissions of the tasks, and the two import maps and lock files, agree with each other.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };
import { FORMER_VARIABLES } from "../live/config/read_config.ts";
import { variables } from "../live/config/variables.ts";
import { CommandVariable } from "../live/terminal/command.ts";

/** The parts of a lock file that are compared. */
interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, unknown>>;
}

function read<T>(path: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(`../${path}`, import.meta.url)));
}

const lock = read<Lock>("deno.lock");
const npmOnlyLock = read<Lock>("tests/npm_only/deno.lock");
const npmOnly = read<{ imports: Record<string, string> }>("tests/npm_only/imports.json");
const permissions = denoJson.tasks.permissions.command.split(" ");

/** Variables after a byte order mark, such as the first one of an `.env` that has one. */
const MARKED = "\uFEFF*";

/** Set by Deno Deploy. */
const DEPLOY = "DENO_DEPLOYMENT_ID";

/** A lock file writes `^0.2.3`, under which only patches are new, as `~0.2.3`. */
function lockedName(specifier: string): string {
  return specifier.replace(/@\^0\.(?!0\.)/, "@~0.");
}

Deno.test("the permissions cover the server's variables and no others", () => {
  const [allowed, ...more] = permissions.filter((flag) => flag.startsWith("--allow-env"));
  assertEquals(more, []);
  assertMatch(allowed ?? "", /^--allow-env=/);
  const names = allowed?.slice("--allow-env=".length).split(",");
  assertEquals(
    names?.toSorted(),
    [
      ...Object.keys(variables),
      ...Object.keys(FORMER_VARIABLES),
      DEPLOY,
      MARKED,
    ].toSorted(),
  );
});

Deno.test("the permissions allow the network, and nothing else", () => {
  const names = permissions.slice(2).map((flag) => flag.split("=", 1)[0]);
  assertEquals(permissions.slice(0, 2), ["echo", "--v8-flags=--max-semi-space-size=4"]);
  assertEquals(names.toSorted(), ["--allow-env", "--allow-net", "--ignore-env", "--no-prompt"]);
});

Deno.test("the permissions hide the one variable that npm ws reads", () => {
  const hidden = permissions.filter((flag) => flag.startsWith("--ignore-env"));
  assertEquals(hidden, ["--ignore-env=WS_NO_BUFFER_UTIL"]);
});

/** What a task may read: its own modules, as each thread loads them. An executable has them in itself. */
const READS_ITSELF: Readonly<Record<string, string[]>> = {
  start: ["--allow-read=live,tests/npm_only"],
  dev: ["--allow-read=live,tests/npm_only"],
};

Deno.test("the permissions of commands show the variables whose names begin like ours", () => {
  const { command } = denoJson.tasks.commands;
  const [, list = ""] = /'--allow-env=(.*)'/.exec(command) ?? [];
  const patterns = list.split(",").map((name) => new RegExp(`^${name.replace("*", ".*")}$`));
  for (const name of [...Object.keys(variables), ...Object.values(CommandVariable)]) {
    assert(patterns.some((pattern) => pattern.test(name)), name);
  }
  assertEquals(command.replace(/ '.*'/, ""), "echo --no-prompt --allow-net --ignore-env");
});

for (const task of ["check:config", "doctor", "setup"] as const) {
  Deno.test(`the task ${task} runs with the permissions of commands and no more`, () => {
    const { command } = denoJson.tasks[task];
    assert(command.includes(" $(deno task -q commands) "));
    assertEquals(command.match(/--allow-\S+|-A\b/g), null);
  });
}

for (const task of ["start", "dev", "compile"] as const) {
  Deno.test(`the task ${task} runs with these permissions and no more`, () => {
    const { command } = denoJson.tasks[task];
    assert(command.includes(" $(deno task -q permissions) "));
    assertEquals(command.match(/--allow-\S+|-A\b/g), READS_ITSELF[task] ?? null);
  });
}

for (const [name, specifier] of Object.entries(denoJson.imports)) {
  Deno.test(`deno.lock locks ${name} at the version that deno.json asks for`, () => {
    const version = lock.specifiers[lockedName(specifier)];
    assertMatch(version ?? `${specifier} is not in it`, /^\d+\.\d+\.\d+/);
  });
}

Deno.test("both lock files lock the same npm packages", () => {
  const both = Object.keys(lock.npm).filter((name) => name in npmOnlyLock.npm);
  assert(both.some((name) => name.startsWith("zod@")));
  for (const name of both) assertEquals(lock.npm[name], npmOnlyLock.npm[name], name);
});

Deno.test("both lock files lock the same versions", () => {
  const both = Object.keys(lock.specifiers).filter((name) => name in npmOnlyLock.specifiers);
  assert(both.length > 0);
  for (const name of both) assertEquals(lock.specifiers[name], npmOnlyLock.specifiers[name], name);
});

Deno.test("each npm package in the lock files has its integrity hash", () => {
  for (const entry of [...Object.values(lock.npm), ...Object.values(npmOnlyLock.npm)]) {
    assertMatch(JSON.stringify(entry), /"integrity":"sha512-/);
  }
});

Deno.test("tests/npm_only imports the same npm packages as deno.json", () => {
  const ofNpm = (imports: Record<string, string>) =>
    Object.entries(imports).filter(([, specifier]) => specifier.startsWith("npm:")).toSorted();
  assertEquals(ofNpm(npmOnly.imports), ofNpm(denoJson.imports));
});

Deno.test("tests/npm_only replaces only modules that deno.json declares", () => {
  const declared = Object.keys(denoJson.imports);
  for (const [name, specifier] of Object.entries(npmOnly.imports)) {
    const isDeclared = declared.some((known) => name === known || name.startsWith(`${known}/`));
    assert(isDeclared, name);
    if (name.startsWith("@std/")) assertMatch(specifier, /^\.\/[a-z_/]+\.ts$/);
  }
});
