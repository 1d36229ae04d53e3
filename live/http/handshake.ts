/**
 * What a request says before anybody is asked about it.
 *
 * @module
 */

import { getCookies } from "@std/http/cookie";
import { STATUS_CODE } from "@std/http/status";
import { SessionCookie } from "../domain/session_cookie.ts";
import { emptyResponse } from "../transport/responses.ts";

/**
 * The longest cookie value that is taken for a session. Browsers keep no longer cookies (RFC 6265,
 * section 6.1), and Directus's are a tenth of it.
 */
const MAX_COOKIE_LENGTH = 4096;

/** The only version of the WebSocket protocol (RFC 6455, section 4.2.2). */
const WEBSOCKET_VERSION = "13";

/** Sixteen bytes in base64, as every client's key is (RFC 6455, section 4.1). */
const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Tells whether a request asks for a WebSocket. */
export function isUpgrade(request: Request): boolean {
  return request.method === "GET" &&
    listed(request.headers, "upgrade", "websocket") &&
    listed(request.headers, "connection", "upgrade");
}

/** Returns the answer to an upgrade request that breaks RFC 6455, or `undefined` if it is good. */
export function checkHandshake({ headers }: Request): Response | undefined {
  if (headers.get("sec-websocket-version") !== WEBSOCKET_VERSION) {
    return emptyResponse(STATUS_CODE.UpgradeRequired, {
      "sec-websocket-version": WEBSOCKET_VERSION,
      upgrade: "websocket",
    });
  }
  const key = headers.get("sec-websocket-key") ?? "";
  return WEBSOCKET_KEY.test(key) ? undefined : emptyResponse(STATUS_CODE.BadRequest);
}

/**
 * Tells whether a page of the request's origin may connect. Browsers send cookies along with any
 * page's WebSocket, so without this check a foreign page could listen as its visitor (cross-site
 * WebSocket hijacking, CWE-1385). What is no browser sends no Origin and is allowed; so is a
 * stream of events that a page asks its own origin for.
 */
export function isOriginAllowed({ headers }: Request, allowed: ReadonlySet<string>): boolean {
  if (allowed.has("*")) return true;
  const origin = headers.get("origin");
  if (origin !== null) return allowed.has(origin);
  // An image of a foreign page has no Origin, but browsers tell where it came from.
  return ["same-origin", "none"].includes(headers.get("sec-fetch-site") ?? "none");
}

/** Returns the session cookie among those that the browser sent, as it was sent. */
export function sessionCookie({ headers }: Request, name: string): SessionCookie | undefined {
  const value = parseCookies(headers)[name];
  if (!value || value.length > MAX_COOKIE_LENGTH) return undefined;
  return new SessionCookie(name, value);
}

/** Tells whether the client wants to read a refusal as a close code: `?reject=close`. */
export function wantsClose(request: Request): boolean {
  return URL.parse(request.url)?.searchParams.get("reject") === "close";
}

/**
 * Tells whether the client has left while its request was checked.
 *
 * To upgrade such a request would cost a file descriptor for good: Deno tells of no event of its
 * socket, frees nothing, and no shutdown ends any more (CWE-772).
 */
export function hasLeft({ signal }: Request): boolean {
  return signal.aborted;
}

function listed(headers: Headers, name: string, token: string): boolean {
  const value = headers.get(name) ?? "";
  return value.split(",").some((item) => item.trim().toLowerCase() === token);
}

/** A header that is no list of cookies holds none. */
function parseCookies(headers: Headers): Partial<Record<string, string>> {
  try {
    return getCookies(headers);
  } catch {
    return {};
  }
}
