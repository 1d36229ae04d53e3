/**
 * `POST /auth/login`, `/auth/refresh` and `/auth/logout`.
 *
 * @module
 */

import { answer, readCookie, refusals, refuse } from "./answers.ts";
import { SESSION_TTL_S, type Sessions } from "./sessions.ts";
import type { Users } from "./users.ts";

/** What the routes work on. */
export interface AuthRoutesDeps {
  /** Who can log in. */
  users: Users;
  /** Their sessions. */
  sessions: Sessions;
  /** Name of the session cookie. */
  cookieName: string;
}

const EXPIRES_MS = SESSION_TTL_S * 1000;
const REFRESH_COOKIE = "directus_refresh_token";

/** Returns the `Set-Cookie` value that starts a session. */
export function settingCookie(name: string, token: string): string {
  return `${name}=${token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${SESSION_TTL_S}`;
}

/** Returns the `Set-Cookie` value that comes with a refusal: an empty session for a day. */
export function emptyingCookie(name: string): string {
  return settingCookie(name, "");
}

/** Returns the `Set-Cookie` value that makes a browser forget a session. */
export function clearingCookie(name: string): string {
  return `${name}=; HttpOnly; SameSite=Lax; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT`;
}

/**
 * Logs in.
 *
 * Mode `session` puts the token into the session cookie, `cookie` puts a refresh token into
 * another cookie (which alone opens nothing), `json`, the default, puts both into the body.
 */
export async function logIn(request: Request, deps: AuthRoutesDeps): Promise<Response> {
  const { email, password, mode = "json" } = await readBody(request);
  if (typeof email !== "string" || typeof password !== "string") return refuse(refusals.payload);
  const user = deps.users.logIn(email, password);
  if (user === "wrong") return refuse(refusals.credentials);
  if (user === "suspended") return refuse(refusals.suspended);
  const token = deps.sessions.open({ user: user.id });
  const expires = EXPIRES_MS;
  if (mode === "session") {
    return answer({ expires }, { "set-cookie": settingCookie(deps.cookieName, token) });
  }
  const refresh = crypto.randomUUID();
  if (mode === "cookie") {
    const headers = { "set-cookie": settingCookie(REFRESH_COOKIE, refresh) };
    return answer({ expires, access_token: token }, headers);
  }
  if (mode !== "json") return refuse(refusals.payload);
  return answer({ expires, access_token: token, refresh_token: refresh });
}

/** Replaces the session cookie. Of the modes, only `session` is there. */
export async function refresh(request: Request, deps: AuthRoutesDeps): Promise<Response> {
  const { mode } = await readBody(request);
  if (mode !== "session") return refuse(refusals.payload);
  const old = readCookie(request.headers.get("cookie"), deps.cookieName);
  const token = old && deps.sessions.rotate(old);
  if (!token) {
    return refuse(refusals.credentials, { "set-cookie": clearingCookie(deps.cookieName) });
  }
  return answer({ expires: EXPIRES_MS }, { "set-cookie": settingCookie(deps.cookieName, token) });
}

/** Ends the session of the cookie and clears it: 204. */
export function logOut(request: Request, deps: AuthRoutesDeps): Response {
  const token = readCookie(request.headers.get("cookie"), deps.cookieName);
  if (token) deps.sessions.end(token);
  return new Response(null, {
    status: 204,
    headers: { "set-cookie": clearingCookie(deps.cookieName) },
  });
}

async function readBody(request: Request): Promise<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(await request.text());
    return typeof body === "object" && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}
