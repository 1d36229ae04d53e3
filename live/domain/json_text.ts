/**
 * Functions on JSON text, which is passed on without changing a digit.
 *
 * @module
 */

/**
 * The tokens that matter for finding white space outside strings. A pattern for whole strings would repeat
 * a group, which overflows the stack of the regular expression engine at some 10 MB.
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

/** A string, a bracket or brace, or a comma. */
const STRUCTURE = /"(?:[^"\\]|\\.)*"|[[\]{},]/g;

/** The name of a member in valid JSON, with its colon. */
const NAME = /^\s*("(?:[^"\\]|\\.)*")\s*:/;

/**
 * Returns the texts of the elements of a JSON array, or of the members of an object with their names.
 *
 * @param text Valid JSON: an array or an object.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parts } from "./json_text.ts";
 *
 * assertEquals(parts('[1e400, {"a":[1,2]}]'), ["1e400", ' {"a":[1,2]}']);
 * ```
 */
export function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(STRUCTURE)) {
    const isOpening = token === "[" || token === "{";
    const isClosing = token === "]" || token === "}";
    if (isOpening && depth++ === 0) start = index + 1;
    if (isClosing) depth--;
    const isEnd = isClosing && depth === 0;
    if (!isEnd && !(token === "," && depth === 1)) continue;
    const part = text.slice(start, index);
    if (!isEnd || found.length > 0 || part.trim() !== "") found.push(part);
    start = index + 1;
  }
  return found;
}

/**
 * Returns the text of an object's member, as it was written; `undefined` if there is none. If a name occurs
 * twice, its last value counts, as in `JSON.parse`.
 *
 * @param text Valid JSON: an object.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { member } from "./json_text.ts";
 *
 * assertEquals(member('{"a":1,"data": 9007199254740993}', "data"), "9007199254740993");
 * ```
 */
export function member(text: string, name: string): string | undefined {
  const part = parts(text).findLast((part) => {
    const [, quoted = '""'] = NAME.exec(part) ?? [];
    return JSON.parse(quoted) === name;
  });
  return part?.replace(NAME, "").trim();
}

/** Every integer that a number cannot hold exactly has at least 16 digits. */
const LONG_NUMBER = /\d{16}/;

/**
 * Parses JSON. Integers that are larger than a number can hold exactly are returned as text.
 *
 * @throws {SyntaxError} If it is not valid JSON.
 */
export function parseExact(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text); // the usual case
  // TypeScript's library does not know of the context yet (ECMAScript: JSON.parse source text access).
  const reviver = (_: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const isInexact = typeof value === "number" && !Number.isSafeInteger(value) &&
      /^-?\d+$/.test(context?.source ?? "");
    return isInexact ? context?.source : value;
  };
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
