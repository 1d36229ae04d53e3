/**
 * What a call to Directus is made with.
 *
 * @module
 */

import { createHash } from "node:crypto";

/**
 * A secret that identifies a session or a service to Directus. It cannot be printed by accident: only
 * {@linkcode Credential.requestHeader} reveals it, and only the call to Directus uses that.
 */
export interface Credential {
  /** Returns the name and the value of the HTTP header that carries it. */
  requestHeader(): readonly [name: string, value: string];
  /**
   * Returns the SHA-256 of the secret, in base64url: equal for equal secrets. It may be a key in
   * memory; it still tells which sessions are the same, and is not for logs, metrics or other machines.
   */
  hash(): string;
  /**
   * Returns what a JSON Web Token among Directus's says of its session; `undefined` for a token of
   * another form. Nothing of it is verified here: only Directus can say whether the token is good.
   */
  claims(): Readonly<Record<string, unknown>> | undefined;
}

/** A JSON Web Token in its compact form (RFC 7519, section 3); the group is the payload. */
const JSON_WEB_TOKEN = /^[\w-]+\.([\w-]+)\.[\w-]+$/;

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
    return this.#hash ??= createHash("sha256").update(this.#value).digest("base64url");
  }

  claims(): Readonly<Record<string, unknown>> | undefined {
    const [, payload] = JSON_WEB_TOKEN.exec(this.#value) ?? [];
    if (payload === undefined) return undefined;
    try {
      const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
      const claims: unknown = JSON.parse(atob(base64));
      return typeof claims === "object" && claims !== null
        ? claims as Record<string, unknown>
        : undefined;
    } catch {
      return undefined;
    }
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

  /** Returns the header that carries a secret of this kind. */
  protected abstract headerOf(value: string): readonly [name: string, value: string];
}

/** A bearer token (RFC 6750, section 2.1). */
export class BearerToken extends Secret {
  /** Returns a placeholder, so that a serialised object does not leak the token. */
  override toJSON(): string {
    return "[token]";
  }

  /** Returns the `Authorization` header. */
  protected override headerOf(value: string): readonly [name: string, value: string] {
    return ["authorization", `Bearer ${value}`];
  }
}
