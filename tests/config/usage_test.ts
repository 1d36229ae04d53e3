/**
 * The text of `--help`.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { variables } from "../../live/config/variables.ts";
import { usage } from "../../live/config/usage.ts";
import { variableRows } from "./config_contract.ts";

Deno.test("usage() names the version and the options", () => {
  const text = usage("1.2.3");
  assertStringIncludes(text, "live 1.2.3:");
  assertStringIncludes(text, "--help");
  assertStringIncludes(text, "--version");
});

Deno.test("usage() lists every variable once", () => {
  const names = usage("1.2.3").match(/^ {2}[A-Z_]+$/gm)?.map((line) => line.trim());
  assertEquals(names, variableRows.map(({ name }) => name));
});

for (const { name, shown } of variableRows) {
  Deno.test(`usage() shows the meaning and the default of ${name}`, () => {
    const lines = usage("1.2.3").split("\n");
    const next = lines[lines.indexOf(`  ${name}`) + 1];
    const { meaning } = variables[name as keyof typeof variables];
    assertEquals(next, `      ${meaning} (${shown})`);
  });
}
