/**
 * What FLOWS.md says to fill in, read from it, so that the tests make the Flows that it describes.
 *
 * @module
 */

import { assert } from "@std/assert";

/** A Flow of FLOWS.md. */
export interface Recipe {
  /** What it is triggered by. */
  readonly scope: readonly string[];
  /** The collections that are named; none where that is up to the reader. */
  readonly collections: readonly string[];
  /** The URL, whose host is an example. */
  readonly url: string;
  /** The template of the body. */
  readonly body: string;
  /** The filter of the condition before the request. */
  readonly condition: unknown;
  /** The section's blocks of JSON and templates of it. */
  readonly blocks: readonly string[];
  /** The section. */
  readonly text: string;
}

const document = Deno.readTextFileSync(new URL("../../live/docs/FLOWS.md", import.meta.url));

/** Returns the headers that every request has, with the token put in. */
export function headersWith(token: string): { header: string; value: string }[] {
  const [, row = ""] = document.match(/\| Headers +\|(.+)\|/) ?? [];
  const headers = [...row.matchAll(/`([^`]+)`: `([^`]+)`/g)].map(([, header = "", value = ""]) => ({
    header,
    value: value.replace("<LIVE_PUBLISH_TOKEN>", token),
  }));
  assert(headers.length > 0, "FLOWS.md names no headers");
  return headers;
}

/** Returns the Flow of the section with this heading. */
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

function cell(text: string, field: string): string | undefined {
  return text.match(new RegExp(`^\\| ${field} +\\| \`([^\`]+)\``, "m"))?.[1];
}

function words(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
}
