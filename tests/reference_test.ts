/**
 * The reference pages say what the code does: variables, messages, close codes, metrics.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { variables } from "../live/config/variables.ts";
import type { Variable } from "../live/config/variable.ts";
import { CloseCode } from "../live/domain/close_codes.ts";
import { parseClientMessage } from "../live/domain/protocol.ts";
import { exposedMetrics } from "./support/exposed_metrics.ts";

/** Returns the cells of all table rows of a page. */
function rowsOf(path: string): string[][] {
  const text = Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));
  return text.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}

/** Returns everything in back ticks in a text. */
function quoted(text = ""): string[] {
  return Array.from(text.matchAll(/`([^`]+)`/g), ([, code]) => code ?? "");
}

/** Returns the variables of a page's tables with their defaults. */
function variablesOf(path: string): [name: string, defaultText: string][] {
  return rowsOf(path).filter(([cell]) => /^`[A-Z_]+`$/.test(cell ?? ""))
    .map(([cell, text = ""]) => [quoted(cell).join(), text]);
}

/** Variables with their defaults, as a page shows them. */
const DEFAULTS = Object.fromEntries(
  Object.entries<Variable<unknown>>(variables)
    .map(([name, variable]) => [name, variable.defaultIs ?? variable.default ?? "required"]),
);

const protocol = rowsOf("live/docs/PROTOCOL.md");

/** The messages of PROTOCOL.md's tables. */
const messages = protocol.flatMap(([cell]) => quoted(cell)).filter((text) => text.startsWith("{"));

Deno.test("CONFIGURATION.md lists every variable with its default", () => {
  assertEquals(Object.fromEntries(variablesOf("live/docs/CONFIGURATION.md")), DEFAULTS);
});

Deno.test("README.md shows variables with their defaults", () => {
  const shown = variablesOf("README.md");
  assert(shown.length > 0);
  for (const [name, text] of shown) assertEquals(text, DEFAULTS[name], name);
});

Deno.test("PROTOCOL.md's close codes are those that the server uses", () => {
  const shown = protocol.map(([cell]) => Number(cell)).filter((code) => code >= 1000);
  assertEquals([...new Set(shown)], Object.values(CloseCode).toSorted((a, b) => a - b));
});

Deno.test("PROTOCOL.md's messages are JSON, those from the client as the server reads them", () => {
  const types = messages.map((text) => JSON.parse(text).type);
  assertEquals(
    [...new Set(types)],
    [
      "subscribe",
      "unsubscribe",
      "ping",
      "welcome",
      "subscribed",
      "message",
      "unsubscribed",
      "pong",
      "error",
    ],
  );
  for (const text of messages.filter((text) => /"(?:(?:un)?subscribe|ping)"/.test(text))) {
    assertEquals(parseClientMessage(text), { ok: true, message: JSON.parse(text) });
  }
});

Deno.test("METRICS.md lists the metrics that /metrics exports, with their labels", async () => {
  const shown = rowsOf("live/docs/METRICS.md").flatMap(([cell]) => quoted(cell))
    .filter((code) => code.startsWith("processor_live_"));
  const exported = Array.from(
    await exposedMetrics(),
    ([name, labels]) => labels.size === 0 ? name : `${name}{${[...labels].join(",")}}`,
  );
  assertEquals(shown.toSorted(), exported.toSorted());
});
