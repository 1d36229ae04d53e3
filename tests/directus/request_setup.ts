/**
 * Requests to a Directus that the test plays.
 *
 * @module
 */

import {
  type FailedRequest,
  type JsonResponse,
  requestJson,
} from "../../live/directus/json_request.ts";
import type { Credential } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";

/** How long a request may take, in milliseconds. */
export const TIMEOUT_MS = 5_000;
/** How many bytes of a body are read, at most. */
export const MAX_BYTES = 65_536;

const cookie = new SessionCookie("session", "s3cr3t");

/** Gets a URL with a session's cookie. */
export function get(
  fetch: typeof globalThis.fetch,
  url = "http://directus/users/me?fields=id",
  credential: Credential = cookie,
): Promise<JsonResponse> {
  return requestJson(url, { credential, timeoutMs: TIMEOUT_MS, fetch });
}

/** Gets a response without a network. */
export function receive(body: BodyInit | null, init: ResponseInit = {}): Promise<JsonResponse> {
  return get(() => Promise.resolve(new Response(body, init)));
}

/** Returns the result of a request that failed. */
export function failure(
  cause: FailedRequest["cause"],
  reason: string,
  retryAfterMs = 2_000,
): FailedRequest {
  return { kind: "failed", cause, reason, retryAfterMs };
}

/** Starts a server on loopback. */
export function serve(handle: Deno.ServeHandler): AsyncDisposable & { url: string } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}/users/me`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
