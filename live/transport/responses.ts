/**
 * Responses that several routes use.
 *
 * @module
 */

import type { StatusCode } from "@std/http/status";

/** Returns a response without a body that asks to close the connection. */
export function emptyResponse(status: StatusCode, headers: HeadersInit = {}): Response {
  const response = new Response(null, { status, headers });
  response.headers.set("content-length", "0");
  response.headers.set("connection", "close");
  return response;
}

/** Returns an error as JSON, for programs and people: `{"error": message, …}`. */
export function jsonError(
  status: StatusCode,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
  headers: HeadersInit = {},
): Response {
  return Response.json({ error: message, ...more }, { status, headers });
}
