/**
 * The commands of the program as processes, with the permissions of their tasks.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { variables } from "../live/config/variables.ts";
import { startDirectus } from "./support/directus.ts";
import { ServerProcess } from "./support/process.ts";
import type { Ended } from "./support/program.ts";
import { flagsOf } from "./support/task_flags.ts";

/** Runs a command as its task runs it; resolves to how it ended. */
async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  await using process = await ServerProcess.spawn(env, args, {
    permissions: await flagsOf("commands"),
  });
  return await process.ended;
}

Deno.test("main.ts check reports misspelt names", async () => {
  const { code, stdout } = await run(["check"], {
    DIRECTUS_BASE_URL: "http://directus",
    LIVE_ALOWED_ORIGINS: "https://example.com",
  });
  assertEquals(code, 2);
  assertStringIncludes(stdout, "LIVE_ALOWED_ORIGINS. Did you mean LIVE_ALLOWED_ORIGINS?");
});

Deno.test("main.ts check exits with 0 if the server would start", async () => {
  const { code, stdout, stderr } = await run(["check"], { DIRECTUS_BASE_URL: "http://directus" });
  assertEquals([code, stderr], [0, ""], stdout);
});

Deno.test("main.ts doctor checks Directus, and colours nothing in a pipe", async () => {
  await using directus = startDirectus();
  const { code, stdout } = await run(["doctor"], { DIRECTUS_BASE_URL: directus.url });
  assertEquals(code, 0);
  assertStringIncludes(stdout, `ok       Directus: answers at ${directus.url}\n`);
});

Deno.test("main.ts setup does not prompt without a terminal", async () => {
  const { code, stderr } = await run(["setup", "--collections=events"], {
    DIRECTUS_BASE_URL: "http://directus",
  });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "DIRECTUS_ADMIN_TOKEN is not set");
});

Deno.test("deno task check:config runs main.ts check", async () => {
  const unset = Object.fromEntries(Object.keys(variables).map((name) => [name, ""]));
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "check:config"],
    env: { ...unset, DIRECTUS_BASE_URL: "http://directus", LIVE_WS_PORT: "9090" },
  }).output();
  assertEquals(code, 2);
  assertStringIncludes(new TextDecoder().decode(stdout), "OPS_PORT must not be LIVE_WS_PORT");
});

Deno.test("deno task doctor tells the doctor how many files the server may open", async () => {
  const unset = Object.fromEntries(Object.keys(variables).map((name) => [name, ""]));
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "doctor", "--json"],
    env: { ...unset, DIRECTUS_BASE_URL: "http://127.0.0.1:9", LIVE_MAX_CONNECTIONS: "1" },
  }).output();
  const { findings } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(
    findings.find(({ check }: { check: string }) => check === "open files").level,
    Deno.build.os === "windows" ? "skipped" : "ok",
  );
});
