/**
 * The browser client as a file that pages import.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { createHash } from "node:crypto";
import client from "../client/client.min.js" with { type: "text" };

/** Where the client is found. */
const PATH = "/live/client.js";

/**
 * Pages need not ask again for some minutes. A new version works with the server that it came with
 * and with those before it, so nobody has to have it at once.
 */
const CACHE_CONTROL = "public, max-age=300";

/** Told by some transports only if it is said here. */
const LENGTH = String(new TextEncoder().encode(client).length);

/** Changes with the content, and with nothing else: the same on every instance. */
const ETAG = `"${createHash("sha256").update(client).digest("base64url")}"`;

/**
 * Answers a request for the client; returns `undefined` for any other. Of a HEAD request Deno sends the
 * head alone.
 *
 * Pages of every origin may import it, as it holds nothing secret: who may connect is decided by the
 * Origin and the cookie of the upgrade.
 */
export function clientFile(request: Request): Response | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  if (URL.parse(request.url)?.pathname !== PATH) return undefined;
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

/** Tells whether a list of tags names the content, compared weakly (RFC 9110, section 13.1.2). */
function isKnown(tags: string): boolean {
  return tags.split(",").some((tag) => {
    const name = tag.trim().replace(/^W\//, "");
    return name === ETAG || name === "*";
  });
}
