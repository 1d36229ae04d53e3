/**
 * Details of refused requests, for the log. They contain no secret.
 *
 * @module
 */

import { parse } from "cookie";

/** How many names of cookies a line shows. */
const MAX_NAMES = 8;

/** The form of names that are shown. A longer one could be a value that was sent without a name. */
const SHOWN_NAME = /^[\w.-]{1,40}$/;

/** Returns the origin of a request's page, without credentials. */
export function shownOrigin({ headers }: Request): string {
  const origin = headers.get("origin");
  if (origin === null) return `none, with Sec-Fetch-Site ${headers.get("sec-fetch-site")}`;
  if (origin === "null") return "null";
  const url = URL.parse(origin);
  return url === null || url.host === "" ? "malformed" : `${url.protocol}//${url.host}`;
}

/**
 * Returns the names of a request's cookies, without their values; `none` if there is no cookie. A note
 * follows the session cookie, which was refused for its value.
 */
export function cookieNames({ headers }: Request, sessionCookie: string): string[] {
  const cookies = parse(headers.get("cookie") ?? "", { decode: () => "" });
  const names = Object.keys(cookies).slice(0, MAX_NAMES).map((name) => {
    if (name === sessionCookie) return `${name} (its value cannot be a token of Directus)`;
    return SHOWN_NAME.test(name) ? name : "another";
  });
  return names.length === 0 ? ["none"] : names;
}
