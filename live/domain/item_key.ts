/**
 * Primary keys, as callers type them and as databases store them.
 *
 * @module
 */

const INTEGER = /^\s*\+?\d+\s*$/;
const UUID = /^\s*[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\s*$/i;

/**
 * Returns a primary key as the database stores it. Directus takes `01` and ` 1` for the integer 1, and
 * a UUID in capitals; a key of another form is returned unchanged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { canonicalKey } from "./item_key.ts";
 *
 * assertEquals(canonicalKey("+01"), "1");
 * assertEquals(
 *   canonicalKey("0189C1F2-0000-7000-8000-00000000ABCD"),
 *   "0189c1f2-0000-7000-8000-00000000abcd",
 * );
 * assertEquals(canonicalKey("Monaco"), "Monaco");
 * ```
 */
export function canonicalKey(key: string): string {
  if (INTEGER.test(key)) return BigInt(key.replace("+", "")).toString();
  return UUID.test(key) ? key.trim().toLowerCase() : key;
}
