/**
 * `live doctor` and `live check` as commands: what they print, and how they exit.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { check, doctor } from "../../live/doctor/doctor.ts";
import { renderFinding } from "../../live/doctor/report.ts";
import { createContext } from "../support/command.ts";
import { startDirectus } from "../support/directus.ts";
import { run } from "./doctor_setup.ts";

Deno.test("doctor exits with 0 if nothing is at fault, and counts its findings", async () => {
  await using directus = startDirectus();
  const { code, lines } = await run({
    args: ["--open-files", "unlimited"],
    env: { DIRECTUS_BASE_URL: directus.url },
  });
  assertEquals(code, 0);
  assertEquals(lines[0], "ok       configuration: valid");
  assertEquals(lines.at(-1), "0 faults, 0 warnings, 7 ok, 4 skipped");
});

Deno.test("doctor puts one full stop between what it found and what to do, as Redis's texts have one", () => {
  const finding = {
    check: "Redis",
    level: "fault",
    message: "it says no.",
    cure: "Ask it",
  } as const;
  assertEquals(renderFinding(finding, false), "fault    Redis: it says no. Ask it");
});

Deno.test("doctor exits with 1 if anything is at fault", async () => {
  const { code, lines } = await run({ env: { DIRECTUS_BASE_URL: "http://127.0.0.1:9" } });
  assertEquals(code, 1);
  assertMatch(lines.find((line) => line.startsWith("fault")) ?? "", /Directus: .*:9 cannot be/);
});

Deno.test("doctor reports an invalid configuration, and checks no further", async () => {
  const { code, lines } = await run({ env: { OPS_PORT: "x", LIVE_TOPCIS: "a=b" } });
  assertEquals(code, 1);
  assertEquals(lines.map((line) => line.split(/[ :]+/, 2).join(" ")), [
    "fault configuration",
    "fault configuration",
    "fault variables",
    "3 faults,",
  ]);
});

Deno.test("doctor --json prints all findings as one object", async () => {
  const { code, lines } = await run({ args: ["--json"], env: { OPS_PORT: "x" } });
  const { ok, findings } = JSON.parse(lines.join("\n"));
  assertEquals([code, ok], [1, false]);
  assertEquals(findings[0], {
    check: "configuration",
    level: "fault",
    message: "DIRECTUS_BASE_URL must be set: where Directus is, a path prefix allowed",
    cure: "CONFIGURATION.md describes each variable",
  });
});

for (
  const [args, message] of [
    [["--jsn"], "Unknown option '--jsn'"],
    [["--live-url", "https://live.example.com"], "--live-url must be a URL such as wss://"],
  ] as const
) {
  Deno.test(`doctor exits with 2 at ${args.join(" ")}`, async () => {
    const { code, errors } = await run({ args, env: { DIRECTUS_BASE_URL: "http://127.0.0.1:9" } });
    assertEquals(code, 2);
    assertStringIncludes(errors.join("\n"), message);
  });
}

Deno.test("doctor --help lists its options", async () => {
  const { code, lines } = await run({ args: ["--help"] });
  assertEquals(code, 0);
  assertStringIncludes(lines.join("\n"), "--login EMAIL");
});

Deno.test("doctor says what is skipped without an administrator's token", async () => {
  await using directus = startDirectus();
  const { lines } = await run({ env: { DIRECTUS_BASE_URL: directus.url } });
  assertStringIncludes(
    lines.find((line) => line.includes("administrator")) ?? "",
    "Set DIRECTUS_ADMIN_TOKEN",
  );
});

Deno.test("doctor colours levels on a terminal", async () => {
  const [context, { lines }] = createContext({ env: {} });
  const coloured = { ...context, terminal: { ...context.terminal, colours: true } };
  assertEquals(await doctor(coloured), 1);
  assertStringIncludes(lines[0] ?? "", "\u001b[31mfault  \u001b[39m  configuration: ");
});

for (
  const [env, args, code, ...lines] of [
    [{ DIRECTUS_BASE_URL: "http://directus" }, [], 0, "ok       configuration: valid"],
    [
      { DIRECTUS_BASE_URL: "http://directus", LIVE_TOPCIS: "a=b" },
      [],
      2,
      "ok       configuration: valid",
    ],
    [{}, [], 2, "fault    configuration: DIRECTUS_BASE_URL must be set"],
    [{ DIRECTUS_BASE_URL: "http://directus" }, ["--json"], 2],
  ] as const
) {
  Deno.test(`check exits with ${code}: ${JSON.stringify(env)} ${args}`, () => {
    const [context, transcript] = createContext({ env, args });
    assertEquals(check(context), code);
    lines.forEach((line, index) => assertStringIncludes(transcript.lines[index] ?? "", line));
  });
}
