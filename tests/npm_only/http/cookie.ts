/**
 * Stands in for `@std/http/cookie`: the same code by way of npm, with the types that its npm
 * package lacks.
 *
 * @module
 */

import * as cookie from "npm:deno-std@^1.4.0/http/cookie.js";

/** A cookie as a server sets it. */
export interface Cookie {
  /** The name. */
  name: string;
  /** The value. */
  value: string;
  /** When it ends; a number is milliseconds since the epoch. */
  expires?: Date | number;
  /** How long it lasts, in seconds. */
  maxAge?: number;
  /** The hosts that it is sent to. */
  domain?: string;
  /** The paths that it is sent to. */
  path?: string;
  /** Whether it needs TLS. */
  secure?: boolean;
  /** Whether scripts in a page cannot read it. */
  httpOnly?: boolean;
  /** Which requests from other sites carry it. */
  sameSite?: "Strict" | "Lax" | "None";
}

/** Reads the cookies of a request. */
export const getCookies: (headers: Headers) => Record<string, string> = cookie.getCookies;

/** Adds a cookie to a response. */
export const setCookie: (headers: Headers, cookie: Cookie) => void = cookie.setCookie;

/** Makes a response end a cookie. */
export const deleteCookie: (
  headers: Headers,
  name: string,
  attributes?: Pick<Cookie, "path" | "domain" | "secure" | "httpOnly">,
) => void = cookie.deleteCookie;
