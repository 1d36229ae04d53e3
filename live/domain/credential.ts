/**
 * Credentials with which calls to Directus are made.
 *
 * @module
 */

import { createHash } from "node:crypto";

/**
 * A secret that identifies a session or a service to Directus. It cannot be printed by accident: only
 * {@linkcode Credential.requestHeader} reveals it, and only the call to Directus uses that.
 */
export interface Credential {
  /** Returns the name and the value of the HTTP header that carries it; `undefined` for {@linkcode PUBLIC}. */
  requestHeader(): readonly [name: string, value: string] | undefined;
  /**
   * Returns a SHA-256, in base64url: equal for credentials of the same kind with equal secrets. It may be a
   * key in memory. It must not get into logs, metrics or other machines, because it tells which sessions
   * are the same.
   */
  hash(): string;
  /**
   * Returns the claims of a JSON Web Token of Directus; `undefined` for a token of another form. They are
   * not verified here: only Directus can say whether the token is valid.
   */
  claims(): Readonly<Record<string, unknown>> | undefined;
}

/**
 * The credential of clients that present none. Directus gives such a request the rights of its public
 * policy, so all of them are one session, which never ends. There is no user behind it.
 */
export const PUBLIC: Credential = {
  requestHeader: () => undefined,
  hash: () => "public", // no SHA-256 is that short
  claims: () => undefined,
};

/** A JSON Web Token in its compact form (RFC 7519, section 3); the groups are header and payload. */
const JSON_WEB_TOKEN = /^([\w-]+)\.([\w-]+)\.[\w-]+$/;

/** The issuer that Directus writes into its tokens. */
const ISSUER = "directus";

/** The longest token or cookie value, in characters. Directus's own tokens have a tenth of that. */
export const MAX_TOKEN_LENGTH = 4_096;

/**
 * What a header can carry as a bearer token: visible Latin-1 characters. Directus ignores a token that
 * contains a space.
 */
const HEADER_TOKEN = /^[!-~\u00a1-\u00ff]+$/;

/**
 * Returns whether a text can be a token of Directus: a JSON Web Token, or a static token, which is any
 * text that a person can type. A text with a control character cannot: Directus would look it up in
 * its database, and PostgreSQL fails on a NUL (CWE-158).
 *
 * @example
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { isTokenLike } from "./credential.ts";
 *
 * assert(isTokenLike("eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl"));
 * assert(isTokenLike("a static token"));
 * assertFalse(isTokenLike("\0"));
 * ```
 */
export function isTokenLike(text: string): boolean {
  return text !== "" && !/\p{C}/u.test(text);
}

/** Base of credentials: keeps the secret from being printed. */
export abstract class Secret implements Credential {
  readonly #value: string;
  #hash: string | undefined;

  /** Creates a credential of a secret. */
  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the name and the value of the HTTP header that carries it. */
  requestHeader(): readonly [name: string, value: string] {
    return this.headerOf(this.#value);
  }

  hash(): string {
    return this.#hash ??= createHash("sha256").update(this.hashed(this.#value)).digest("base64url");
  }

  /**
   * A token is read only if Directus would treat it as its own, and so verify it. Otherwise a static token
   * that a user chose could claim another user's role.
   */
  claims(): Readonly<Record<string, unknown>> | undefined {
    const [, header, payload] = JSON_WEB_TOKEN.exec(this.#value) ?? [];
    if (objectIn(header) === undefined) return undefined;
    const claims = objectIn(payload);
    return claims?.["iss"] === ISSUER ? claims : undefined;
  }

  /** Returns a placeholder, so that a serialised object does not leak the secret. */
  toJSON(): string {
    return "[secret]";
  }

  /** Returns a placeholder, so that a formatted message does not leak the secret. */
  toString(): string {
    return this.toJSON();
  }

  /** Returns a placeholder to `Deno.inspect` and `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toJSON();
  }

  /** Returns the text to hash for a secret. Secrets of different kinds must not have the same hash. */
  protected hashed(value: string): string {
    return value;
  }

  /** Returns the header that carries a secret of this kind. */
  protected abstract headerOf(value: string): readonly [name: string, value: string];
}

/** A bearer token (RFC 6750, section 2.1): an access token, a session token or a static token. */
export class BearerToken extends Secret {
  /**
   * Returns the token of a text that a client sent; `undefined` if no header can carry it, or if it
   * cannot be a token of Directus.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { BearerToken } from "./credential.ts";
   *
   * assertEquals(`${BearerToken.from("kZ3_-x9mQ0bT7vWc2RrY")}`, "[token]");
   * assertEquals(BearerToken.from("two words"), undefined);
   * ```
   */
  static from(text: string): BearerToken | undefined {
    const isFit = text.length <= MAX_TOKEN_LENGTH && HEADER_TOKEN.test(text) && isTokenLike(text);
    return isFit ? new BearerToken(text) : undefined;
  }

  /** Returns a placeholder, so that a serialised object does not leak the token. */
  override toJSON(): string {
    return "[token]";
  }

  /** Returns the token with a prefix that no cookie can have. */
  protected override hashed(value: string): string {
    return `bearer\0${value}`;
  }

  /** Returns the `Authorization` header. */
  protected override headerOf(value: string): readonly [name: string, value: string] {
    return ["authorization", `Bearer ${value}`];
  }
}

/**
 * Returns when a credential expires, in milliseconds since 1970; `undefined` for one that has no such
 * time, such as a static token.
 */
export function expiryOf(credential: Credential): number | undefined {
  const seconds = credential.claims()?.["exp"];
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}

/** Returns the object in a part of a JSON Web Token, if there is one. */
function objectIn(base64url = ""): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
