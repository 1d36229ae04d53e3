/**
 * What the README says, held against the code.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { CloseCode } from "../live/domain/close_codes.ts";
import { variables } from "../live/config/config.ts";
import type { Variable } from "../live/config/variable.ts";
import { exposedMetrics } from "./support/exposed_metrics.ts";
import denoJson from "../deno.json" with { type: "json" };

const root = new URL("../", import.meta.url);
const readme = Deno.readTextFileSync(new URL("README.md", root));

/** Returns the cells of all table rows. */
function rows(text = readme): string[][] {
  return text.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}

/** Returns all that stands in back ticks in a text. */
function quoted(text: string): string[] {
  return Array.from(text.matchAll(/`([^`]+)`/g), ([, code]) => code ?? "");
}

Deno.test("README's configuration lists every variable with its default, in order", () => {
  const told = rows().filter(([name]) => /^`[A-Z_]+`$/.test(name ?? ""))
    .map(([name, value]) => [name, value]);

  const known = Object.entries<Variable<unknown>>(variables).map(([name, variable]) => [
    `\`${name}\``,
    variable.defaultIs ?? variable.default ?? "required",
  ]);
  assertEquals(told, known);
});

Deno.test("METRICS.md has the metrics that /metrics exports, with their labels", async () => {
  const page = Deno.readTextFileSync(new URL("live/docs/METRICS.md", root));
  const exported = await exposedMetrics();

  const told = rows(page).flatMap(([cell]) => quoted(cell ?? ""))
    .filter((code) => code.startsWith("processor_live_")).sort();
  const known = Array.from(
    exported,
    ([name, labels]) => labels.size === 0 ? name : `${name}{${[...labels].join(",")}}`,
  ).sort();
  assertEquals(told, known);
});

Deno.test("README's close codes are those that the server uses", () => {
  const told = new Set(rows().map(([code]) => code ?? "").filter((code) => /^\d{4}$/.test(code)));

  assertEquals([...told].sort(), Object.values(CloseCode).map(String).sort());
});

Deno.test("README's messages are JSON", () => {
  const messages = rows().flatMap(([cell]) => quoted(cell ?? ""))
    .filter((code) => code.startsWith('{"type"'));

  assertEquals(messages.length, 7);
  for (const message of messages) JSON.parse(message);
});

Deno.test("README's tasks and files exist", () => {
  const tasks = Array.from(
    readme.matchAll(/deno(?:@[\d.]+)? task (\w+)/g),
    ([, name]) => name ?? "",
  );
  const files = Array.from(readme.matchAll(/\]\((?!http)([^)]+)\)/g), ([, path]) => path ?? "");

  for (const name of tasks) assert(Object.hasOwn(denoJson.tasks, name), name);
  for (const path of files) assert(Deno.statSync(new URL(`../${path}`, import.meta.url)).isFile);
});
