/**
 * The browser client, as a file that pages import.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { createHash } from "node:crypto";
import client from "../client/client.min.js" with { type: "text" };

/** Path of the file. */
const PATH = "/live/client.js";

/**
 * Browsers cache the file for some minutes. Clients of an older version work with a newer server,
 * so an update may arrive late.
 */
const CACHE_CONTROL = "public, max-age=300";

/** Set here, as not every transport adds it. */
const LENGTH = String(new TextEncoder().encode(client).length);

/** A hash of the content, so that it is the same on every instance. */
const ETAG = `"${createHash("sha256").update(client).digest("base64url")}"`;

/** Returns whether a request has the path of the file. */
export function isClientFile({ url }: Request): boolean {
  return URL.parse(url)?.pathname === PATH;
}

/**
 * Answers a request for the client; returns `undefined` for any other. The server leaves out the
 * body of the response to a HEAD request.
 *
 * Pages of every origin may import the file, as it holds no secrets: access is decided by the
 * Origin and the cookie of the upgrade.
 */
export function clientFile(request: Request): Response | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  if (!isClientFile(request)) return undefined;
  const headers = {
    "access-control-allow-origin": "*",
    "cache-control": CACHE_CONTROL,
    "etag": ETAG,
  };
  if (isKnown(request.headers.get("if-none-match") ?? "")) {
    return new Response(null, { status: STATUS_CODE.NotModified, headers });
  }
  return new Response(client, {
    headers: {
      ...headers,
      "content-length": LENGTH,
      "content-type": "text/javascript; charset=utf-8",
      "x-content-type-options": "nosniff",
    },
  });
}

/**
 * Returns whether a list of tags matches the content, compared weakly (RFC 9110, section 13.1.2).
 */
function isKnown(tags: string): boolean {
  return tags.split(",").some((tag) => {
    const name = tag.trim().replace(/^W\//, "");
    return name === ETAG || name === "*";
  });
}
