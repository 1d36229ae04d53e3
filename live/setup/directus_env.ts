/**
 * Variables of Directus that decide whether pages and Flows reach Live. No API can set them.
 *
 * @module
 */

import { isEncrypted, isSameSite, sharedDomain } from "./site.ts";

/** Addresses of pages, Directus and Live. */
export interface Layout {
  /** Where browsers reach Directus. */
  readonly directus: URL;
  /** Where browsers reach Live, if that is known. */
  readonly live?: URL | undefined;
  /** Origins of the pages that are listed exactly; apps and wildcards are left out. */
  readonly pages: readonly URL[];
}

/** Variables of Directus by name. */
export type DirectusEnv = Readonly<Record<string, string>>;

/**
 * Returns the variables of CORS, which Directus needs if pages on other origins log in.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { corsEnv } from "./directus_env.ts";
 *
 * const pages = [new URL("https://app.example.com")];
 * assertEquals(corsEnv({ directus: new URL("https://cms.example.com"), pages }), {
 *   CORS_ENABLED: "true",
 *   CORS_ORIGIN: "https://app.example.com",
 *   CORS_CREDENTIALS: "true",
 * });
 * ```
 */
export function corsEnv({ directus, pages }: Layout): DirectusEnv {
  const others = pages.map(({ origin }) => origin).filter((origin) => origin !== directus.origin);
  if (others.length === 0) return {};
  return { CORS_ENABLED: "true", CORS_ORIGIN: others.join(","), CORS_CREDENTIALS: "true" };
}

/** Tells whether a cookie can reach both hosts: they are the same host, or share a domain. */
export function canShareCookie(directus: URL, live: URL): boolean {
  return directus.hostname === live.hostname ||
    sharedDomain([directus.hostname, live.hostname]) !== undefined;
}

/** Returns the variables that make browsers send the session cookie to Live, if that is possible. */
export function cookieEnv({ directus, live, pages }: Layout): DirectusEnv {
  const isOneSite = pages.every((page) =>
    isSameSite(page, directus) && (live === undefined || isSameSite(page, live))
  );
  const domain = live === undefined || live.hostname === directus.hostname
    ? undefined
    : sharedDomain([directus.hostname, live.hostname]);
  return {
    ...(domain === undefined ? {} : { SESSION_COOKIE_DOMAIN: domain }),
    SESSION_COOKIE_SECURE: String(isEncrypted(directus) || !isOneSite),
    SESSION_COOKIE_SAME_SITE: isOneSite ? "lax" : "none", // otherwise other sites get no cookie
  };
}

/** The variable that lets Flows read the publish token, and no other variable. */
export const FLOW_ENV: DirectusEnv = { FLOWS_ENV_ALLOW_LIST: "LIVE_PUBLISH_TOKEN" };

/**
 * The variable that lets Flows call the machine on which Directus runs. The address that stays on the list
 * is the one where clouds hand out credentials.
 */
export const LOCAL_CALLS_ENV: DirectusEnv = { IMPORT_IP_DENY_LIST: "169.254.169.254" };

/** Returns lines for an `.env` file. */
export function envLines(env: DirectusEnv): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
