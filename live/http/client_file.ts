/**
 * The browser client: as a file that pages import, the types of that file, and an npm package.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { createHash } from "node:crypto";
import types from "../client/client.d.ts.txt" with { type: "text" };
import client from "../client/client.min.js" with { type: "text" };
import tarball from "../client/client.tgz.txt" with { type: "text" };

/**
 * Browsers cache the files for five minutes. That is safe, because clients of an older version work with a
 * newer server.
 */
const CACHE_CONTROL = "public, max-age=300";

/** A file and its headers. */
interface ClientFile {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>> & { readonly etag: string };
}

/** The files by their paths. */
const FILES: ReadonlyMap<string, ClientFile> = new Map([
  // Deno finds the types of a module by this header.
  [
    "/live/client.js",
    fileOf(new TextEncoder().encode(client), "text/javascript; charset=utf-8", {
      "x-typescript-types": "./client.d.ts",
    }),
  ],
  [
    "/live/client.d.ts",
    fileOf(
      new TextEncoder().encode(types),
      "application/typescript; charset=utf-8",
    ),
  ],
  ["/live/client.tgz", fileOf(Uint8Array.fromBase64(tarball), "application/gzip")],
]);

/** Returns whether a request has the path of a file. */
export function isClientFile(request: Request): boolean {
  return findFile(request) !== undefined;
}

/**
 * Answers a request for a file of the client; returns `undefined` for any other. The server leaves
 * out the body of the response to a HEAD request.
 *
 * Pages of every origin may import the files, because they hold no secrets. The Origin and the cookie of
 * the upgrade decide about access.
 */
export function clientFile(request: Request): Response | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  const file = findFile(request);
  if (file === undefined) return undefined;
  const { content, headers } = file;
  const { etag } = headers;
  if (isKnown(etag, request.headers.get("if-none-match") ?? "")) {
    return new Response(null, { status: STATUS_CODE.NotModified, headers: cacheHeaders(etag) });
  }
  return new Response(content, { headers });
}

function findFile({ url }: Request): ClientFile | undefined {
  return FILES.get(URL.parse(url)?.pathname ?? "");
}

function fileOf(
  content: Uint8Array<ArrayBuffer>,
  type: string,
  more: Readonly<Record<string, string>> = {},
): ClientFile {
  // A hash of the content, so that it is the same on every instance.
  const etag = `"${createHash("sha256").update(content).digest("base64url")}"`;
  const headers = {
    ...cacheHeaders(etag),
    "content-length": String(content.length), // set here, as not every transport adds it
    "content-type": type,
    "x-content-type-options": "nosniff",
    ...more,
  };
  return { content, headers };
}

function cacheHeaders(etag: string): Readonly<Record<string, string>> & { readonly etag: string } {
  return { "access-control-allow-origin": "*", "cache-control": CACHE_CONTROL, etag };
}

/** Returns whether a list of tags matches a content's tag, compared weakly (RFC 9110, section 13.1.2). */
function isKnown(etag: string, tags: string): boolean {
  return tags.split(",").some((tag) => {
    const name = tag.trim().replace(/^W\//, "");
    return name === etag || name === "*";
  });
}
