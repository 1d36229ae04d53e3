/**
 * The only cookie that the server keeps and forwards.
 *
 * @module
 */

import { createHash } from "node:crypto";

/**
 * A Directus session cookie that cannot be printed by accident: neither `JSON.stringify`, a
 * template string nor an inspecting logger shows its value. Only {@linkcode SessionCookie.header}
 * does, and only the call to Directus uses that.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SessionCookie } from "./session_cookie.ts";
 *
 * const cookie = new SessionCookie("directus_session_token", "secret");
 * assertEquals(`${cookie} ${JSON.stringify({ cookie })}`, '[cookie] {"cookie":"[cookie]"}');
 * assertEquals(cookie.header(), "directus_session_token=secret");
 * ```
 */
export class SessionCookie {
  readonly #name: string;
  readonly #value: string;
  #hash: string | undefined;

  /** Creates a cookie from the name and value that the browser sent, both not decoded. */
  constructor(name: string, value: string) {
    this.#name = name;
    this.#value = value;
  }

  /** Returns the `Cookie` header for Directus, holding this cookie and no other. */
  header(): string {
    return `${this.#name}=${this.#value}`;
  }

  /**
   * Returns the SHA-256 of the value, in base64url: the same for the same session, whatever the
   * cookie's name. It does not reveal the value and may be a key in memory. But it identifies the
   * session, so it is not for logs, metrics or other machines.
   */
  hash(): string {
    return this.#hash ??= createHash("sha256").update(this.#value).digest("base64url");
  }

  /** Returns a placeholder, so that a serialised object does not leak the value. */
  toJSON(): string {
    return "[cookie]";
  }

  /** Returns a placeholder, so that a formatted message does not leak the value. */
  toString(): string {
    return "[cookie]";
  }

  /** Returns a placeholder to `Deno.inspect` and `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    return "[cookie]";
  }
}
