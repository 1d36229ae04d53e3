/**
 * Answers that several routes give.
 *
 * @module
 */

import type { StatusCode } from "@std/http/status";

/** Returns an answer without a body, on a connection that is to be closed. */
export function emptyResponse(status: StatusCode, headers: HeadersInit = {}): Response {
  const response = new Response(null, { status, headers });
  response.headers.set("content-length", "0");
  response.headers.set("connection", "close");
  return response;
}

/** Returns an error for programs and people: `{"error": message, …}`. */
export function jsonError(
  status: StatusCode,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
  headers: HeadersInit = {},
): Response {
  return Response.json({ error: message, ...more }, { status, headers });
}
