/**
 * SECURITY.md, as the tests read it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";

/** The page's text. */
export const page: string = Deno.readTextFileSync(
  new URL("../../live/docs/SECURITY.md", import.meta.url),
);

/** A text of the page, and what replaces it on the machine of a test. */
export type Replacement = readonly [from: string, to: string];

/** Returns the page's only block in a language, with replacements. Each `from` must be there. */
export function blockOf(language: string, replacements: readonly Replacement[]): string {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))];
  assertEquals(blocks.length, 1, `blocks of ${language}`);
  let text = blocks[0]?.[1] ?? "";
  for (const [from, to] of replacements) {
    assert(text.includes(from), `the block of ${language} has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}
