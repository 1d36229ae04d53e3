/**
 * FLOWS.md and `live setup` give the same advice.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { advice } from "../../live/setup/advice.ts";
import { configOf } from "../support/command.ts";

const page = Deno.readTextFileSync(new URL("../../live/docs/FLOWS.md", import.meta.url));
const rows = [...page.matchAll(/^\| ([^|]+?) +\| `(http:[^`]+)` +\| ([^|]*)\|/gm)];

Deno.test("FLOWS.md: Directus and the server can be in three places", () => {
  assertEquals(rows.length, 3);
});

for (const [, where, ops = "", cell = ""] of rows) {
  Deno.test(`FLOWS.md: ${where}: the server's variables are those that live setup prints`, () => {
    const addresses = { directus: new URL("https://cms.example.com"), live: undefined, ops };
    const advised = advice(addresses, configOf()).filter((line) => line.startsWith("  OPS_"));
    const named = [...cell.matchAll(/`([^`]+)`/g)].map(([, line = ""]) => `  ${line}`);

    assertEquals(named, advised);
  });
}
