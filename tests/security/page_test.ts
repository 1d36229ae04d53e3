/**
 * SECURITY.md names what exists, and its proxy blocks fit the server.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { variables } from "../../live/config/variables.ts";
import { CloseCode } from "../../live/domain/close_codes.ts";
import { exposedMetrics } from "../support/exposed_metrics.ts";
import { page } from "./page.ts";
import { kinds } from "./proxy_kinds_setup.ts";

/** Returns everything that a pattern's first group finds in the page, at least one match. */
function find(pattern: RegExp): string[] {
  const found = Array.from(page.matchAll(pattern), ([, text = ""]) => text);
  assertGreater(found.length, 0, `${pattern}`);
  return found;
}

Deno.test("SECURITY.md names tests for every threat", () => {
  const threats = page.split(/^## /m).find((part) => part.startsWith("Threats")) ?? "";
  const sections = threats.split(/^### /m).slice(1);
  assertGreater(sections.length, 10);
  for (const section of sections) {
    assert(/\*\*Tests:\*\*\s+\[/.test(section), section.split("\n", 1)[0]);
  }
});

Deno.test("SECURITY.md's close codes are those that the server uses", () => {
  const known = Object.values(CloseCode).map(String);
  for (const code of find(/closed?s? with (\d{4})\b/g)) assert(known.includes(code), code);
});

Deno.test("SECURITY.md's metrics exist", async () => {
  const exposed = await exposedMetrics();
  for (const name of find(/(processor_live_\w+)/g)) assert(exposed.has(name), name);
});

for (const { name, settings: { quiet } } of kinds) {
  Deno.test(`SECURITY.md's ${name} block waits for longer than the server's pings take`, () => {
    for (const setting of quiet) {
      const seconds = /(\d+)s$/.exec(setting)?.[1];
      assertGreater(Number(seconds) * 1_000, Number(variables.LIVE_WS_PING_INTERVAL_MS.default));
    }
  });
}

Deno.test("SECURITY.md's blocks are those that the tests run", () => {
  assertEquals(find(/^```(\w+)$/gm), [...kinds.map(({ name }) => name), "sh"]);
});
