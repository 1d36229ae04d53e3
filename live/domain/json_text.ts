/**
 * JSON as text, passed on without changing a digit of it.
 *
 * @module
 */

/** A string, or a run of white space; in valid JSON white space stands only between tokens. */
const STRING_OR_SPACE = /"(?:[^"\\]|\\.)*"|[\t\n\r ]+/g;

/**
 * Removes the white space between the tokens of valid JSON. Numbers, strings and the order of
 * members stay as they were written.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compactJson } from "./json_text.ts";
 *
 * assertEquals(compactJson('{ "a b": 9007199254740993 }'), '{"a b":9007199254740993}');
 * ```
 */
export function compactJson(text: string): string {
  if (!/[\t\n\r ]/.test(text)) return text; // the usual case
  return text.replace(STRING_OR_SPACE, (token) => token.startsWith('"') ? token : "");
}

/** Returns whether a text is valid JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
