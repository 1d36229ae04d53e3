/**
 * Tasks run the modules that the lock files allow, or none.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import denoJson from "../../deno.json" with { type: "json" };
import { takeFreePort } from "../../live/transport/listener.ts";
import { ServerProcess } from "../support/process.ts";
import { flagsOf } from "../support/task_flags.ts";
import { type Behaviour, type Ended, Project, Registry, runTask } from "./npm_only_setup.ts";

const IMPORTS = new URL("./imports.ts", import.meta.url).pathname;
const FALLBACK = {
  code: 0,
  stdout: "--frozen --import-map=tests/npm_only/imports.json --lock=tests/npm_only/deno.lock\n",
  stderr: "JSR is out of reach: tests/npm_only stands in for @std\n",
};

/** Runs the program of the task `imports` in a project. */
function runImports(project: Project): Promise<Ended> {
  return project.run("run", "-q", "--allow-all", IMPORTS);
}

for (const cache of ["empty", "complete"] as const) {
  const behaviour = cache === "empty" ? "what is locked" : "no connection";
  Deno.test(`the task imports keeps JSR with ${behaviour} and a cache that is ${cache}`, async () => {
    await using project = await Project.create();
    if (cache === "empty") project.clearCache();
    await project.registry.behave(behaviour);

    assertEquals(await runImports(project), { code: 0, stdout: "--frozen\n", stderr: "" });
  });
}

for (
  const behaviour of [
    "no connection",
    "a gateway's error",
    "a proxy's refusal",
    "no such package",
    "no answer",
  ] as const
) {
  Deno.test(`the task imports falls back if the registry gives ${behaviour}`, async () => {
    await using project = await Project.create();
    project.clearCache();
    await project.registry.behave(behaviour);

    assertEquals(await runImports(project), FALLBACK);
  });
}

/** Asserts that the task shows an error, and prints a flag that Deno rejects. */
function assertFailed({ code, stdout, stderr }: Ended, error: string): void {
  assertEquals([code, stdout], [1, "--frozen=because-modules-failed-to-load\n"]);
  assertStringIncludes(stderr, error);
  assert(!stderr.includes(FALLBACK.stderr));
}

for (
  const [behaviour, error] of [
    ["a manipulated package", "Integrity check failed"],
    ["a manipulated module", "Integrity check failed"],
    ["a network's login page", "failed to load"],
  ] satisfies [Behaviour, string][]
) {
  Deno.test(`the task imports fails if the registry gives ${behaviour}`, async () => {
    await using project = await Project.create();
    project.clearCache();
    await project.registry.behave(behaviour);

    assertFailed(await runImports(project), error);
  });
}

Deno.test("the task imports fails if the cache is manipulated and the registry gone", async () => {
  await using project = await Project.create();
  project.clearCache();
  await project.registry.behave("a manipulated package");
  assertEquals((await project.run("install", "--no-lock")).code, 0);
  await project.registry.behave("no connection");

  assertFailed(await runImports(project), "Integrity check failed");
});

for (const task of ["start", "dev", "check"] as const) {
  Deno.test(`the task ${task} stops if the registry gives a manipulated package`, async () => {
    await using registry = new Registry();
    await registry.behave("a manipulated package");

    const { code, stderr } = await runTask(task, { JSR_URL: registry.url });

    assert(code !== 0);
    assertStringIncludes(stderr, "Integrity check failed");
    assertStringIncludes(stderr, "invalid value 'because-modules-failed-to-load'");
  });
}

Deno.test("a task that has fallen back stops if npm gives a manipulated package", async () => {
  await using npm = new Registry();
  await npm.behave("a manipulated package");
  const nowhere = `http://127.0.0.1:${takeFreePort()}`;

  const { code, stderr } = await runTask("start", {
    JSR_URL: nowhere,
    NPM_CONFIG_REGISTRY: npm.url,
  });

  assertEquals(code, 1);
  assertStringIncludes(stderr, "Tarball checksum did not match");
});

Deno.test("main.ts warns at start if it runs with stand-ins, and only then", async () => {
  const hasStandIns = (await flagsOf("imports")).some((flag) => flag.startsWith("--import-map"));
  await using server = await ServerProcess.spawn({ DIRECTUS_BASE_URL: "http://127.0.0.1:9" });
  await server.ports();

  const warnings = server.log.filter(({ level }) => level === "WARN");

  assertEquals(
    warnings.map(({ message }) => message),
    hasStandIns ? ["stand-ins of @std are in use"] : [],
  );
});

Deno.test("every task that loads modules freezes the lock file", () => {
  const loading = /\bdeno (?:run|test|bench|check|doc|compile|bundle) [^&|]*/g;
  const frozen = / (?:--frozen|\$\(deno task -q imports\)|\$FLAGS) /;
  const commands = Object.values(denoJson.tasks).flatMap(({ command }) =>
    command.match(loading) ?? []
  );
  assert(commands.length > 10);
  assertEquals(commands.filter((command) => !frozen.test(command)), []);
  assertEquals(commands.filter((command) => command.includes("--no-lock")), []);
});

Deno.test("browser.lock adds to deno.lock what drives the browser, and changes nothing", () => {
  const packagesOf = (path: string) =>
    JSON.parse(Deno.readTextFileSync(new URL(path, import.meta.url))).npm;
  const { "playwright-core@1.65.1": driver, ...rest } = packagesOf("browser.lock");

  assertEquals(rest, packagesOf("deno.lock"));
  assertMatch(driver.integrity, /^sha512-/);
});
