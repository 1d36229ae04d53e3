/**
 * Strings that the template of a Directus Flow fills in.
 *
 * @module
 */

import { z } from "zod";

/** What a template renders if it refers to something that does not exist. */
export const UNRENDERED = "undefined";

/** Error message for the author of the template. */
export const UNRENDERED_HINT =
  'is the word "undefined": the template in the Flow refers to nothing, use {{$trigger}} or a part of it';

/** Longest string that is accepted, in UTF-16 code units. */
const MAX_LENGTH = 256;

/** A string that the template did fill in. */
export const renderedText: z.ZodType<string> = z.string()
  .min(1)
  .max(MAX_LENGTH)
  .refine((text) => text !== UNRENDERED, UNRENDERED_HINT);

/**
 * Returns the path of the first value in a body that a template did not fill in, such as `user.0`;
 * `undefined` if there is none.
 */
export function unrenderedPath(body: unknown): string | undefined {
  for (const [name, value] of Object.entries(body ?? {})) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    const index = values.indexOf(UNRENDERED);
    if (index >= 0) return Array.isArray(value) ? `${name}.${index}` : name;
  }
  return undefined;
}
