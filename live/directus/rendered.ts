/**
 * Texts that a template of a Directus Flow was to fill in.
 *
 * @module
 */

import { z } from "zod";

/** The word that a template renders which names nothing. */
export const UNRENDERED = "undefined";

/** What to tell whoever wrote the template. */
export const UNRENDERED_HINT =
  'is the word "undefined": the template in the Flow names nothing, take {{$trigger}} or a part of it';

/** The longest text, in UTF-16 code units. */
const MAX_LENGTH = 256;

/** A text that names something. */
export const renderedText: z.ZodType<string> = z.string()
  .min(1)
  .max(MAX_LENGTH)
  .refine((text) => text !== UNRENDERED, UNRENDERED_HINT);

/**
 * Returns the path of the first of a body's members that no template filled in, such as `user.0`;
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
