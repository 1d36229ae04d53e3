/**
 * What the page says, held against the code and the tests.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { CloseCode } from "../../live/domain/close_codes.ts";
import { variables } from "../../live/config/variables.ts";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";
import { page } from "./page.ts";
import { kinds } from "./proxy_kinds.ts";

const TESTS = new URL("../", import.meta.url);

/** Returns all that a pattern's first group finds in the page, at least one. */
function find(pattern: RegExp): string[] {
  const found = Array.from(page.matchAll(pattern), ([, text = ""]) => text.replace(/\s+/g, " "));
  assertGreater(found.length, 0, `${pattern}`);
  return found;
}

function filesOf(folder: URL): URL[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return filesOf(new URL(`${name}/`, folder));
    return name.endsWith("_test.ts") ? [new URL(name, folder)] : [];
  });
}

/** Returns what matches the names of all tests; what a name takes from its table may be anything. */
function testNames(): RegExp[] {
  const names = filesOf(TESTS).flatMap((file) => {
    const calls = /(?:Deno\.test|\w+Test|test[A-Z]\w*)\(\s*(?:"?\w+"?,\s*)?("[^"]+"|`[^`]+`)/g;
    return Array.from(Deno.readTextFileSync(file).matchAll(calls), ([, name = ""]) => name);
  });
  return names.map((name) => {
    const fixed = name.slice(1, -1).split(/\$\{.*?\}(?=[^}]|$)/);
    return new RegExp(`^${fixed.map(escape).join(".+")}$`);
  });
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

Deno.test("SECURITY's variables exist", () => {
  for (const name of find(/\b((?:DIRECTUS|LIVE|LOG|OPS|REDIS)_[A-Z_]+)\b/g)) {
    assert(Object.hasOwn(variables, name), name);
  }
});

Deno.test("SECURITY's tests exist", () => {
  const known = testNames();
  for (const list of find(/\*\*Tried:\*\*([^]*?)(?:\n\n|$)/g)) {
    const names = Array.from(list.matchAll(/`([^`]+)`/g), ([, name = ""]) => name);
    assertGreater(names.length, 0);
    for (const name of names) assert(known.some((pattern) => pattern.test(name)), name);
  }
});

Deno.test("SECURITY's close codes are those that the server uses", () => {
  const known = Object.values(CloseCode).map(String);
  for (const code of find(/closed?s? with (\d{4})\b/g)) assert(known.includes(code), code);
});

Deno.test("SECURITY's metrics exist", async () => {
  const text = await createPrometheusMetrics("i").text();
  for (const name of find(/(processor_live_\w+)/g)) assert(text.includes(`# TYPE ${name} `), name);
});

Deno.test("SECURITY's links lead to files", () => {
  for (const path of find(/\]\((?!http)([^)]+)\)/g)) {
    assert(Deno.statSync(new URL(`../live/http/${path}`, TESTS)).isFile, path);
  }
});

for (const { name, settings: { quiet } } of kinds) {
  Deno.test(`SECURITY's ${name} waits for longer than the server's pings take`, () => {
    for (const setting of quiet) {
      const seconds = /(\d+)s$/.exec(setting)?.[1];
      assertGreater(Number(seconds) * 1_000, Number(variables.LIVE_WS_PING_INTERVAL_MS.default));
    }
  });
}

Deno.test("SECURITY's blocks are those of the proxies that are run, and a command", () => {
  const languages = find(/^```(\w+)$/gm);
  assertEquals(languages, [...kinds.map(({ name }) => name), "sh"]);
});
