/**
 * The texts that TROUBLESHOOTING.md quotes.
 *
 * @module
 */

import { assert } from "@std/assert";

const page = Deno.readTextFileSync(
  new URL("../../live/docs/TROUBLESHOOTING.md", import.meta.url),
);

/** Returns the texts that the first table of a section quotes in its first column. */
export function quotedIn(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  assert(section !== undefined, `TROUBLESHOOTING.md has no section '${heading}'`);
  const [table = ""] = /^\| text [^]*?\n(?!\|)/m.exec(section) ?? [];
  return [...table.matchAll(/^\| +(`.*?) +\|/gm)]
    .flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text));
}
