/**
 * JSON as text, passed on without changing a digit of it.
 *
 * @module
 */

/**
 * What matters for finding white space outside strings. A pattern for whole strings would repeat a
 * group, which overflows the stack of the regular expression engine at some 10 MB.
 */
const TOKEN = /\\["\\]|"|[\t\n\r ]+/g;

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
  let isInString = false;
  return text.replace(TOKEN, (token) => {
    if (token === '"') isInString = !isInString;
    return isInString || token === '"' ? token : "";
  });
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
