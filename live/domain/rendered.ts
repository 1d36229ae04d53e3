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
