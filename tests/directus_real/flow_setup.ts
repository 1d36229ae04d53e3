/**
 * Flows of a real Directus, created through its API as FLOWS.md describes them.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { RealDirectus } from "./real_directus.ts";
import { type Served, TOKEN } from "./server_setup.ts";

/** A Flow in FLOWS.md. */
export interface Recipe {
  /** Events that trigger it. */
  readonly scope: readonly string[];
  /** Collections; empty if the reader chooses them. */
  readonly collections: readonly string[];
  /** URL of the request, with an example host. */
  readonly url: string;
  /** Template of the request's body. */
  readonly body: string;
  /** Code of the script before the request, if there is one. */
  readonly script: string | undefined;
  /** Text of the section. */
  readonly text: string;
}

const document = Deno.readTextFileSync(new URL("../../live/docs/FLOWS.md", import.meta.url));

/** Variables that Directus needs, as FLOWS.md names them. */
export const FLOW_SETTINGS: Readonly<Record<string, string>> = Object.fromEntries(
  [...blockOf(document, "ini").matchAll(/^(\w+)="(.*)"$/gm)].map(([, name = "", value = ""]) => [
    name,
    value.startsWith("<") ? TOKEN : value,
  ]),
);

/** Reads the Flow of the section with this heading. */
export function recipe(heading: string): Recipe {
  const text = document.split(/^## /m).find((section) => section.startsWith(`${heading}\n`));
  assert(text !== undefined, `FLOWS.md has no section '${heading}'`);
  const [, scope = "", collections = ""] = text.match(/^Scope ([^;]+);\s+Collections:([^.]+)/m) ??
    [];
  return {
    scope: words(scope),
    collections: words(collections),
    url: cell(text, "URL"),
    body: cell(text, "Request Body"),
    script: blockOf(text, "js ignore") || undefined,
    text,
  };
}

/** The parts of a recipe that make a Flow. */
export type FlowOptions = Pick<Recipe, "scope" | "collections" | "url" | "body" | "script">;

/** Creates a Flow that calls a server. Disposing of it deletes it. */
export async function createFlow(
  directus: RealDirectus,
  { ops }: Pick<Served, "ops">,
  { scope, collections, url, body, script }: FlowOptions,
): Promise<AsyncDisposable> {
  const { id: flow } = await directus.admin("POST", "/flows", {
    name: url,
    status: "active",
    trigger: "event",
    options: { type: "action", scope, collections },
  });
  const operation = async (type: string, options: unknown, resolve?: string) => {
    const position = { position_x: script === undefined ? 1 : 20, position_y: 1 };
    const row = { flow, name: type, key: type.replace("-", "_"), type, ...position, options };
    return (await directus.admin("POST", "/operations", { ...row, resolve })).id;
  };
  const request = await operation("request", {
    method: "POST",
    url: url.replace("http://live.example.com:9090", ops),
    body,
    headers: headers(),
  });
  const first = script === undefined ? request : await operation("exec", { code: script }, request);
  await directus.admin("PATCH", `/flows/${flow}`, { operation: first });
  return { [Symbol.asyncDispose]: () => directus.admin("DELETE", `/flows/${flow}`) };
}

/** Returns the first block of code in a language; empty if there is none. */
export function blockOf(text: string, language: string): string {
  return text.match(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``))?.[1] ?? "";
}

/** Returns the headers of every request. */
function headers(): { header: string; value: string }[] {
  const [, row = ""] = document.match(/\| Headers +\|(.+)\|/) ?? [];
  const headers = [...row.matchAll(/`([^`]+)`: `([^`]+)`/g)]
    .map(([, header = "", value = ""]) => ({ header, value }));
  assert(headers.length > 0, "FLOWS.md names no headers");
  return headers;
}

function cell(text: string, field: string): string {
  return text.match(new RegExp(`^\\| ${field} +\\| \`([^\`]+)\``, "m"))?.[1] ?? "";
}

function words(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
}
