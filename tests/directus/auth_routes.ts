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

/** How long an access token lasts, in milliseconds. */
const ACCESS_TTL_MS = 900_000;

/** How long a refresh token lasts, in seconds. */
const REFRESH_TTL_S = 604_800;

/** Returns the `Set-Cookie` value that starts a session. */
export function settingCookie(name: string, token: string, ttlS: number = SESSION_TTL_S): string {
  return `${name}=${token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${ttlS}`;
}

/** Returns the `Set-Cookie` value that ends a session: an empty one for a day. */
export function emptyingCookie(name: string): string {
  return settingCookie(name, "");
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
  if (!["session", "cookie", "json"].includes(`${mode}`)) return refuse(refusals.payload);
  const user = deps.users.logIn(email, password);
  if (user === undefined) return refuse(refusals.credentials);
  const token = deps.sessions.open({ user: user.id });
  if (mode === "session") {
    const headers = { "set-cookie": settingCookie(deps.cookieName, token) };
    return answer({ expires: EXPIRES_MS }, headers);
  }
  const expires = ACCESS_TTL_MS;
  const refresh = crypto.randomUUID();
  if (mode === "cookie") {
    const headers = { "set-cookie": settingCookie(REFRESH_COOKIE, refresh, REFRESH_TTL_S) };
    return answer({ expires, access_token: token }, headers);
  }
  return answer({ expires, access_token: token, refresh_token: refresh });
}

/** Replaces the session cookie. Of the modes, only `session` is there. */
export async function refresh(request: Request, deps: AuthRoutesDeps): Promise<Response> {
  const { mode } = await readBody(request);
  if (mode !== "session") return refuse(refusals.payload);
  const old = readCookie(request.headers.get("cookie"), deps.cookieName);
  if (!old) return refuse(refusals.payload);
  const token = deps.sessions.rotate(old);
  if (!token) return refuseSession(deps);
  return answer({ expires: EXPIRES_MS }, { "set-cookie": settingCookie(deps.cookieName, token) });
}

/** Ends the session of the cookie, if it is good, and clears it: 204. */
export function logOut(request: Request, deps: AuthRoutesDeps): Response {
  const token = readCookie(request.headers.get("cookie"), deps.cookieName);
  if (!token) return refuse(refusals.payload);
  if (!deps.sessions.read(token).ok) return refuseSession(deps);
  deps.sessions.end(token);
  const headers = { "set-cookie": emptyingCookie(deps.cookieName) };
  return new Response(null, { status: 204, headers });
}

function refuseSession({ cookieName }: AuthRoutesDeps): Response {
  return refuse(refusals.credentials, { "set-cookie": emptyingCookie(cookieName) });
}

async function readBody(request: Request): Promise<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(await request.text());
    return typeof body === "object" && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}
