/**
 * The page for operators, as the tests read it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";

/** The page's text. */
export const page: string = Deno.readTextFileSync(
  new URL("../../live/docs/SECURITY.md", import.meta.url),
);

/** What stands on the page, and what a test needs in its place. */
export type Replacement = readonly [from: string, to: string];

/**
 * Returns the page's one block in a language, with what differs on a test's machine replaced. What
 * is to be replaced must be there.
 */
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
