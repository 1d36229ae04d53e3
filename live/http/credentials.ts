/**
 * The credential of a request: a bearer token or, without one, the session cookie.
 *
 * @module
 */

import { parse } from "cookie";
import {
  BearerToken,
  type Credential,
  isTokenLike,
  MAX_TOKEN_LENGTH,
} from "../domain/credential.ts";
import { SessionCookie } from "../domain/session_cookie.ts";

/** Path of Directus's own protocol, the only one where a token may be in the query. */
export const DIRECTUS_PATH = "/websocket";

/** Keeps values as they are: Directus decodes them itself. */
const NOT_DECODED = { decode: (value: string) => value };

/** The parameter in which Directus's own protocol carries a token. */
const PARAMETER = "access_token";

/**
 * What a request presents: a credential; `none` without a credential; `unfit` for a token that Directus
 * cannot have issued; `ambiguous` for two tokens.
 */
export type Presented = Credential | "none" | "unfit" | "ambiguous";

/**
 * Returns the credential of a request. A token takes precedence over the cookie, as in Directus: a program
 * adds a token on purpose, while browsers send cookies with every request. If a token is unfit, the cookie
 * is not tried instead, because the request could then be served as another user.
 *
 * - `Authorization: Bearer` counts at every path. Other schemes are ignored: a proxy in front may ask for
 *   its own password.
 * - `access_token` in the query counts at the path of Directus's own protocol only, as URLs end up in
 *   the logs of proxies.
 * - A request with both is refused, because it must use only one method (RFC 6750, section 2).
 */
export function presentedCredential(request: Request, cookieName: string): Presented {
  const inHeader = bearerIn(request);
  const inQuery = queryToken(request);
  if (inHeader !== undefined && inQuery !== undefined) return "ambiguous";
  const token = inHeader ?? inQuery;
  if (token !== undefined) return BearerToken.from(token) ?? "unfit";
  return sessionCookie(request, cookieName) ?? "none";
}

/** Returns the token of `Authorization: Bearer`; `undefined` for no header and for another scheme. */
function bearerIn({ headers }: Request): string | undefined {
  return /^bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** Returns the token in the query. Several tokens are joined to a text that cannot be a token. */
function queryToken({ url }: Request): string | undefined {
  const parsed = URL.parse(url);
  if (parsed?.pathname !== DIRECTUS_PATH) return undefined;
  return parsed.searchParams.getAll(PARAMETER).join(" ") || undefined;
}

/**
 * Returns the session cookie, exactly as the browser sent it: not decoded, with its quotes;
 * `undefined` if there is none, or if it cannot be one of Directus's.
 *
 * Directus reads the header with the same package: the first of several cookies of one name counts,
 * and malformed parts are skipped. Otherwise the two servers could see different users in one
 * request, and a planted second cookie could choose the user (CWE-436).
 */
export function sessionCookie({ headers }: Request, name: string): SessionCookie | undefined {
  const value = parse(headers.get("cookie") ?? "", NOT_DECODED)[name];
  if (!value || value.length > MAX_TOKEN_LENGTH || !isTokenLike(tokenIn(value))) return undefined;
  return new SessionCookie(name, value);
}

/**
 * Returns the token that Directus reads from a cookie's value: without the quotes around it, and decoded. A
 * value with a malformed escape is taken literally.
 */
function tokenIn(value: string): string {
  const text = /^"(.*)"$/.exec(value)?.[1] ?? value;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
