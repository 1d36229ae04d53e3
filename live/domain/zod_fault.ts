/**
 * Validation faults as text.
 *
 * @module
 */

import type { z } from "zod";

/**
 * Describes the first fault that zod found, in one line: `path.to.field: what is wrong`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 * import { describeFault } from "./zod_fault.ts";
 *
 * const { error } = z.object({ a: z.string() }).safeParse({ a: 1 });
 * assertEquals(error && describeFault(error), "a: Invalid input: expected string, received number");
 * ```
 */
export function describeFault(error: z.ZodError): string {
  const { path, message } = error.issues[0] ?? { path: [], message: "invalid" };
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}
