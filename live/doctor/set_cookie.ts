/**
 * The session cookie as Directus sets it.
 *
 * @module
 */

import type { DirectusApi } from "../setup/directus_api.ts";

/** A cookie's name and the attributes that decide where browsers send it. */
export interface SetCookie {
  /** Its name. */
  readonly name: string;
  /** Domain; `undefined` if only the host that set the cookie gets it. */
  readonly domain: string | undefined;
  /** Whether only encrypted connections get it. */
  readonly secure: boolean;
  /** Which other sites may send it. Browsers treat a cookie without this attribute as `lax`. */
  readonly sameSite: "strict" | "lax" | "none";
}

/**
 * Parses a `Set-Cookie` header (RFC 6265, section 4.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseSetCookie } from "./set_cookie.ts";
 *
 * assertEquals(parseSetCookie("a=1; Domain=.example.com; Secure"), {
 *   name: "a",
 *   domain: "example.com",
 *   secure: true,
 *   sameSite: "lax",
 * });
 * ```
 */
export function parseSetCookie(header: string): SetCookie {
  const [pair = "", ...rest] = header.split(";");
  const attributes = new Map(rest.map((attribute) => {
    const [name = "", value = ""] = attribute.split("=");
    return [name.trim().toLowerCase(), value.trim().toLowerCase()] as const;
  }));
  const sameSite = attributes.get("samesite");
  return {
    name: pair.split("=", 1)[0]?.trim() ?? "",
    domain: attributes.get("domain")?.replace(/^\./, "") || undefined,
    secure: attributes.has("secure"),
    sameSite: sameSite === "strict" || sameSite === "none" ? sameSite : "lax",
  };
}

/**
 * Returns the session cookie as Directus would set it, without a login. Directus clears an unknown session
 * cookie with the same attributes with which it sets a valid one.
 *
 * @param api Calls Directus with a `Cookie` header that holds a made-up session.
 * @returns The cookie; `undefined` if Directus does not use a cookie of that name for sessions.
 */
export async function discoverCookie(
  api: DirectusApi,
  name: string,
): Promise<SetCookie | undefined> {
  const { headers } = await api("GET", "/users/me?fields=id");
  return headers.getSetCookie().map(parseSetCookie).find((cookie) => cookie.name === name);
}
