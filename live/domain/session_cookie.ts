/**
 * The only cookie that the server keeps and forwards.
 *
 * @module
 */

import { Secret } from "./credential.ts";

/**
 * A Directus session cookie that cannot be printed by accident: neither `JSON.stringify`, a
 * template string nor an inspecting logger shows its value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SessionCookie } from "./session_cookie.ts";
 *
 * const cookie = new SessionCookie("directus_session_token", "secret");
 * assertEquals(`${cookie} ${JSON.stringify({ cookie })}`, '[cookie] {"cookie":"[cookie]"}');
 * assertEquals(cookie.requestHeader(), ["cookie", "directus_session_token=secret"]);
 * ```
 */
export class SessionCookie extends Secret {
  readonly #name: string;

  /** Creates a cookie from the name and value that the browser sent, both not decoded. */
  constructor(name: string, value: string) {
    super(value);
    this.#name = name;
  }

  /** Returns a placeholder, so that a serialised object does not leak the value. */
  override toJSON(): string {
    return "[cookie]";
  }

  /** Returns the `Cookie` header, holding this cookie and no other. */
  protected override headerOf(value: string): readonly [name: string, value: string] {
    return ["cookie", `${this.#name}=${value}`];
  }
}
