/**
 * Errors of the operator's routes, as JSON.
 *
 * @module
 */

import type { StatusCode } from "@std/http/status";

/** Returns an error for programs and people: `{"error": message, …}`. */
export function jsonError(
  status: StatusCode,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
  headers: HeadersInit = {},
): Response {
  return Response.json({ error: message, ...more }, { status, headers });
}
