/**
 * `POST /auth/login`, `/auth/refresh` and `/auth/logout`, and whose session a request belongs to.
 *
 * @module
 */

import { readCookie, refusals, refuse, respond } from "./responses.ts";
import {
  SESSION_TTL_S,
  type SessionHolder,
  type SessionReading,
  type Sessions,
} from "./sessions.ts";
import { ownRecord, type Users } from "./users.ts";

/** What the routes need. */
export interface AuthRoutesDeps {
  /** The users that can log in. */
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
function settingCookie(name: string, token: string, ttlS: number = SESSION_TTL_S): string {
  return `${name}=${token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${ttlS}`;
}

/** Returns the `Set-Cookie` value that clears a session: an empty cookie for a day. */
function emptyingCookie(name: string): string {
  return settingCookie(name, "");
}

/**
 * Logs in.
 *
 * Mode `session` puts the token into the session cookie. Mode `cookie` puts a refresh token into
 * another cookie, which alone grants nothing. Mode `json`, the default, puts both into the body.
 */
export async function logIn(request: Request, deps: AuthRoutesDeps): Promise<Response> {
  const { email, password, mode = "json" } = await readBody(request);
  if (typeof email !== "string" || typeof password !== "string") return refuse(refusals.payload);
  if (!["session", "cookie", "json"].includes(`${mode}`)) return refuse(refusals.payload);
  const user = deps.users.logIn(email, password);
  if (user === undefined) return refuse(refusals.credentials);
  const token = deps.sessions.open({ user: user.id, role: user.role ?? null });
  if (mode === "session") {
    const headers = { "set-cookie": settingCookie(deps.cookieName, token) };
    return respond({ expires: EXPIRES_MS }, headers);
  }
  const expires = ACCESS_TTL_MS;
  const refresh = crypto.randomUUID();
  if (mode === "cookie") {
    const headers = { "set-cookie": settingCookie(REFRESH_COOKIE, refresh, REFRESH_TTL_S) };
    return respond({ expires, access_token: token }, headers);
  }
  return respond({ expires, access_token: token, refresh_token: refresh });
}

/** Replaces the session cookie. Supports mode `session` only. */
export async function refresh(request: Request, deps: AuthRoutesDeps): Promise<Response> {
  const { mode } = await readBody(request);
  if (mode !== "session") return refuse(refusals.payload);
  const old = readCookie(request.headers.get("cookie"), deps.cookieName);
  if (!old) return refuse(refusals.payload);
  const token = deps.sessions.rotate(old);
  if (!token) return refuseSession(deps);
  return respond({ expires: EXPIRES_MS }, { "set-cookie": settingCookie(deps.cookieName, token) });
}

/** Ends the session of a valid cookie and clears it: 204. */
export function logOut(request: Request, deps: AuthRoutesDeps): Response {
  const token = readCookie(request.headers.get("cookie"), deps.cookieName);
  if (!token) return refuse(refusals.payload);
  if (!deps.sessions.read(token).ok) return refuseSession(deps);
  deps.sessions.end(token);
  const headers = { "set-cookie": emptyingCookie(deps.cookieName) };
  return new Response(null, { status: 204, headers });
}

/** A request that comes with a session that is not valid. */
export type InvalidHolder = Omit<Extract<SessionReading, { ok: false }>, "ok">;

/** Returns whose session a request comes with, by bearer or cookie; `undefined` for none. */
export function identify(
  request: Request,
  { users, sessions, cookieName }: AuthRoutesDeps,
): SessionHolder | InvalidHolder | undefined {
  const bearer = request.headers.get("authorization")?.match(/^Bearer ([^ ]+)$/i)?.[1];
  const token = bearer ?? readCookie(request.headers.get("cookie"), cookieName);
  if (!token) return undefined;
  const owner = users.active(users.idOfToken(token) ?? "");
  if (owner !== undefined) return { user: owner.id, role: owner.role ?? null };
  const reading = sessions.read(token);
  const isCookie = bearer === undefined;
  if (!reading.ok) return { ...reading, clearsCookie: reading.clearsCookie && isCookie };
  if ("share" in reading.holder || users.active(reading.holder.user)) return reading.holder;
  return { refusal: refusals.credentials, clearsCookie: isCookie };
}

/** Refuses a request whose session is not valid. */
export function refuseHolder(
  { refusal, clearsCookie }: InvalidHolder,
  { cookieName }: AuthRoutesDeps,
): Response {
  return refuse(refusal, clearsCookie ? { "set-cookie": emptyingCookie(cookieName) } : {});
}

/** `GET /users/me`. */
export function me(
  holder: SessionHolder | undefined,
  fields: string[] | undefined,
  { users }: AuthRoutesDeps,
): Response {
  if (!holder) return refuse(refusals.credentials);
  if ("share" in holder) return respond({ share: holder.share });
  const user = users.active(holder.user);
  return user ? respond(ownRecord(user, fields)) : refuse(refusals.credentials);
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
