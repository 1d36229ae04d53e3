/**
 * Sessions as Directus keeps them: a signed JWT in the cookie, and a row in the database.
 *
 * @module
 */

import { createHmac, randomBytes } from "node:crypto";
import { base64url } from "../../support/jwt.ts";
import { type Refusal, refusals } from "./responses.ts";

/** How long a session lasts, in seconds. */
export const SESSION_TTL_S = 86_400;

/** How long a cookie is still accepted after a refresh replaced it, in milliseconds. */
export const ROTATION_GRACE_MS = 10_000;

/** The owner of the session: a user, or a visitor with the link of a share. */
export type SessionHolder = { user: string; role: string | null } | { share: string };

/** The result of looking up a token. */
export type SessionReading =
  | { ok: true; holder: SessionHolder }
  | { ok: false; refusal: Refusal; clearsCookie: boolean };

interface SessionRow {
  readonly holder: SessionHolder;
  /** The token that replaced this one in a refresh. */
  next?: string;
  /** When this token expires because of that, in milliseconds since the epoch. */
  goneAtMs?: number;
  expired?: boolean;
}

/** Issues, reads, rotates and ends session tokens. */
export class Sessions {
  readonly #key = randomBytes(32);
  readonly #rows = new Map<string, SessionRow>();
  readonly #now: () => number;

  /** Creates an empty table of sessions over a clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Opens a session and returns its token. */
  open(holder: SessionHolder): string {
    const session = randomBytes(24).toString("base64url");
    const iat = Math.floor(this.#now() / 1000);
    const who = "user" in holder ? { id: holder.user, role: holder.role } : { share: holder.share };
    const claims = { ...who, session, iat, exp: iat + SESSION_TTL_S, iss: "directus" };
    const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
    const token = `${body}.${this.#sign(body)}`;
    this.#rows.set(token, { holder });
    return token;
  }

  /**
   * Reads a token.
   *
   * A string that is not a JWT of Directus is looked up as a static token and not found (401). A JWT
   * with a bad signature is refused as such (403), before its session is looked up.
   */
  read(token: string): SessionReading {
    const claims = decode(token);
    if (!claims) return gone;
    const dot = token.lastIndexOf(".");
    if (this.#sign(token.slice(0, dot)) !== token.slice(dot + 1)) {
      return { ok: false, refusal: refusals.token, clearsCookie: true };
    }
    const row = this.#rows.get(token);
    if (row?.expired || claims.exp * 1000 <= this.#now()) {
      return { ok: false, refusal: refusals.expired, clearsCookie: false };
    }
    if (!row || (row.goneAtMs !== undefined && row.goneAtMs <= this.#now())) return gone;
    return { ok: true, holder: row.holder };
  }

  /**
   * Replaces a valid token by a new one and returns the new one.
   *
   * The old one stays valid for `ROTATION_GRACE_MS`. Refreshing it again in that time returns the
   * same new token, so that two tabs do not log each other out.
   */
  rotate(token: string): string | undefined {
    const row = this.#rows.get(token);
    if (!row || !this.read(token).ok) return undefined;
    if (row.next === undefined) {
      row.next = this.open(row.holder);
      row.goneAtMs = this.#now() + ROTATION_GRACE_MS;
    }
    return row.next;
  }

  /** Ends one session, as a logout does. */
  end(token: string): void {
    this.#rows.delete(token);
  }

  /** Ends all sessions of a user, as a changed password does. */
  endAll(user: string): void {
    for (const [token, { holder }] of this.#rows) {
      if ("user" in holder && holder.user === user) this.#rows.delete(token);
    }
  }

  /** Expires a token. */
  expire(token: string): void {
    const row = this.#rows.get(token);
    if (row) row.expired = true;
  }

  #sign(body: string): string {
    return createHmac("sha256", this.#key).update(body).digest("base64url");
  }
}

const gone = { ok: false, refusal: refusals.credentials, clearsCookie: true } as const;

function encode(value: unknown): string {
  return base64url(JSON.stringify(value));
}

/** Returns the claims of what looks like a JWT of Directus, without checking its signature. */
function decode(token: string): { exp: number } | undefined {
  const [, body, signature, ...rest] = token.split(".");
  if (!body || !signature || rest.length > 0) return undefined;
  try {
    const claims = JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/")));
    return claims?.iss === "directus" && typeof claims.exp === "number" ? claims : undefined;
  } catch {
    return undefined;
  }
}
