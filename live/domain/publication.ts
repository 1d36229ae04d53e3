/**
 * Publications as others send them, from JSON.
 *
 * @module
 */

import { z } from "zod";
import type { Publication } from "./broker.ts";
import { parseTopic } from "./topic.ts";

/** The longest key, in UTF-16 code units. */
export const MAX_KEY_LENGTH = 256;

const publication = z.object({
  topic: z.string().refine(
    (name) => parseTopic(name) !== undefined,
    "must be <prefix>:<id>, its id the key of one item",
  ),
  key: z.string().max(MAX_KEY_LENGTH).optional(),
  data: z.unknown(),
});

/**
 * Reads a publication `{"topic", "data", "key"?}`.
 *
 * @returns The publication, or what is wrong with it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readPublication } from "./publication.ts";
 *
 * assertEquals(readPublication({ topic: "event:42", data: { x: 1 } }), {
 *   topic: "event:42",
 *   data: '{"x":1}',
 * });
 * assertEquals(readPublication("event:42"), "Invalid input: expected object, received string");
 * ```
 */
export function readPublication(value: unknown): Publication | string {
  const parsed = publication.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "invalid" };
    return path.length === 0 ? message : `${path.join(".")}: ${message}`;
  }
  const { topic, key, data } = parsed.data;
  return { topic, data: JSON.stringify(data), ...(key === undefined ? {} : { key }) };
}
