/**
 * Checks of a request that depend only on the request itself.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { isListed } from "../domain/origin.ts";
import { emptyResponse } from "../transport/responses.ts";

/** The only version of the WebSocket protocol (RFC 6455, section 4.2.2). */
const WEBSOCKET_VERSION = "13";

/** A client's key: sixteen bytes in base64 (RFC 6455, section 4.1). */
const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Returns whether a request asks for a WebSocket. */
export function isUpgrade(request: Request): boolean {
  return request.method === "GET" &&
    listed(request.headers, "upgrade", "websocket") &&
    listed(request.headers, "connection", "upgrade");
}

/**
 * Returns the response to an upgrade request that breaks RFC 6455, or `undefined` if it is
 * well-formed.
 */
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
 * Returns whether a page of the request's origin may connect. Browsers send cookies with the
 * WebSocket of any page, so without this check a foreign page could listen as its visitor
 * (cross-site WebSocket hijacking, CWE-1385). Non-browser clients send no Origin header; they are
 * allowed. So is a page that requests a stream of events from its own origin.
 */
export function isOriginAllowed({ headers }: Request, allowed: ReadonlySet<string>): boolean {
  if (allowed.has("*")) return true;
  const origin = headers.get("origin");
  if (origin !== null) return isListed(origin, allowed);
  // A request for an image has no Origin, but browsers say whether it is cross-site.
  return ["same-origin", "none"].includes(headers.get("sec-fetch-site") ?? "none");
}

/** Returns whether the client asked for refusals as close codes: `?reject=close`. */
export function wantsClose(request: Request): boolean {
  return URL.parse(request.url)?.searchParams.get("reject") === "close";
}

/**
 * Returns whether the client disconnected while its request was checked.
 *
 * Upgrading such a request would leak a file descriptor: Deno fires no event on its socket, frees
 * nothing, and no shutdown of the server finishes any more (CWE-772).
 */
export function hasLeft({ signal }: Request): boolean {
  return signal.aborted;
}

function listed(headers: Headers, name: string, token: string): boolean {
  const value = headers.get(name) ?? "";
  return value.split(",").some((item) => item.trim().toLowerCase() === token);
}
