/**
 * Cross-origin resource sharing (CORS): which pages may read responses.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { emptyResponse } from "../transport/responses.ts";
import { isOriginAllowed } from "./handshake.ts";

/**
 * Headers that clients of event streams may send beside the headers that need no permission. Clients based
 * on `fetch` resume with `Last-Event-ID` and turn caches off; some frameworks mark their requests.
 */
const ALLOWED_HEADERS = "Authorization, Cache-Control, Last-Event-ID, X-Requested-With";

/** How long browsers may remember the answer, in seconds. It is the longest time that Chromium accepts. */
const MAX_AGE_S = "7200";

/**
 * Allows a page of an allowed origin to read the response. Browsers send cookies with the requests of any
 * page, so no other page may read it (CWE-942).
 */
export function allowOrigin(
  request: Request,
  response: Response,
  allowed: ReadonlySet<string>,
): Response {
  const origin = request.headers.get("origin");
  response.headers.set("vary", "Origin");
  if (origin === null || !isOriginAllowed(request, allowed)) return response;
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-allow-credentials", "true");
  return response;
}

/**
 * Answers a preflight, with which a browser asks whether it may send a request with special headers
 * (Fetch standard, section 4.8), for {@linkcode allowOrigin} to complete. Returns `undefined` for any
 * other request.
 */
export function answerPreflight(
  request: Request,
  allowed: ReadonlySet<string>,
): Response | undefined {
  const { method, headers } = request;
  if (method !== "OPTIONS" || !headers.has("access-control-request-method")) return undefined;
  if (!headers.has("origin")) return undefined;
  if (!isOriginAllowed(request, allowed)) return emptyResponse(STATUS_CODE.Forbidden);
  return new Response(null, {
    status: STATUS_CODE.NoContent,
    headers: {
      "access-control-allow-headers": ALLOWED_HEADERS,
      "access-control-allow-methods": "GET",
      "access-control-max-age": MAX_AGE_S,
    },
  });
}
