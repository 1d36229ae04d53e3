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
  /** Filter of the condition before the request. */
  readonly condition: unknown;
  /** JSON blocks of the section. */
  readonly blocks: readonly string[];
  /** Text of the section. */
  readonly text: string;
}

const document = Deno.readTextFileSync(new URL("../../live/docs/FLOWS.md", import.meta.url));

/** Returns the headers of every request, with the token filled in. */
function headersWith(token: string): { header: string; value: string }[] {
  const [, row = ""] = document.match(/\| Headers +\|(.+)\|/) ?? [];
  const headers = [...row.matchAll(/`([^`]+)`: `([^`]+)`/g)].map(([, header = "", value = ""]) => ({
    header,
    value: value.replace("<LIVE_PUBLISH_TOKEN>", token),
  }));
  assert(headers.length > 0, "FLOWS.md names no headers");
  return headers;
}

/** Reads the Flow of the section with this heading. */
export function recipe(heading: string): Recipe {
  const text = document.split(/^## /m).find((section) => section.startsWith(`${heading}\n`));
  assert(text !== undefined, `FLOWS.md has no section '${heading}'`);
  const [, scope = "", collections = ""] = text.match(/^Scope ([^;]+);\s+Collections:?([^.]+)/m) ??
    [];
  const blocks = [...text.matchAll(/```json\n([^]*?)```/g)].map(([, block = ""]) => block);
  const body = cell(text, "Request Body");
  const [, condition] = text.match(/\*\*Condition\*\*[^`]*`([^`]+)`/) ?? [];
  return {
    scope: words(scope),
    collections: words(collections),
    url: cell(text, "URL") ?? "",
    body: body ?? blocks[0] ?? "",
    condition: condition === undefined ? undefined : JSON.parse(condition),
    blocks,
    text,
  };
}

/** The parts of a recipe that make a Flow. */
export type FlowOptions =
  & Pick<Recipe, "scope" | "collections" | "url" | "body">
  & Partial<Pick<Recipe, "condition">>;

/** Creates a Flow that calls a server. Disposing of it deletes it. */
export async function createFlow(
  directus: RealDirectus,
  served: Served,
  { scope, collections, url, body, condition }: FlowOptions,
): Promise<AsyncDisposable> {
  const { id: flow } = await directus.admin("POST", "/flows", {
    name: url,
    status: "active",
    trigger: "event",
    options: { type: "action", scope, collections },
  });
  const call = await directus.admin("POST", "/operations", {
    flow,
    name: "call",
    key: "call",
    type: "request",
    position_x: 20,
    position_y: 1,
    options: {
      method: "POST",
      url: url.replace("http://live.example.com:9090", served.ops),
      body,
      headers: headersWith(TOKEN),
    },
  });
  const first = condition === undefined ? call : await directus.admin("POST", "/operations", {
    flow,
    name: "if",
    key: "if",
    type: "condition",
    position_x: 1,
    position_y: 1,
    options: { filter: condition },
    resolve: call.id,
  });
  await directus.admin("PATCH", `/flows/${flow}`, { operation: first.id });
  return { [Symbol.asyncDispose]: () => directus.admin("DELETE", `/flows/${flow}`) };
}

function cell(text: string, field: string): string | undefined {
  return text.match(new RegExp(`^\\| ${field} +\\| \`([^\`]+)\``, "m"))?.[1];
}

function words(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
}
