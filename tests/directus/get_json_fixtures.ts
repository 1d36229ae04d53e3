/**
 * What the tests of one call to Directus share.
 *
 * @module
 */

import { getJson, type JsonAnswer } from "../../live/directus/get_json.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";

/** Upper bound of a call, in milliseconds. */
export const TIMEOUT_MS = 5_000;

const cookie = new SessionCookie("session", "s3cr3t");

/** Gets a URL with a session's cookie. */
export function call(
  fetch: typeof globalThis.fetch,
  url = "http://directus/users/me?fields=id",
  session: SessionCookie = cookie,
): Promise<JsonAnswer> {
  return getJson(url, { cookie: session, timeoutMs: TIMEOUT_MS, fetch });
}

/** Gets what a response is taken for. */
export function take(body: BodyInit | null, init: ResponseInit = {}): Promise<JsonAnswer> {
  return call(() => Promise.resolve(new Response(body, init)));
}

/** A server on loopback, for as long as a test needs it. */
export interface LocalServer extends AsyncDisposable {
  /** What to get of it. */
  readonly url: string;
}

/** Starts a server on loopback. */
export function serve(handle: (request: Request) => Response | Promise<Response>): LocalServer {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}/users/me`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
