/**
 * Origins of pages, and lists of the origins that may connect.
 *
 * @module
 */

/** Schemes of apps and browser extensions, whose pages are not on the web. */
const APP_SCHEMES = ["capacitor", "ionic", "tauri", "chrome-extension"];

/** `scheme://host[:port]` of an app, without a path. */
const APP_ORIGIN = /^([a-z-]+):\/\/[a-z0-9.-]+(:\d{1,5})?$/;

/** `https://*.` or `http://*.`, at the start of an entry for all hosts of a domain. */
const WILDCARD = /^(https?:\/\/)\*\./;

/** A web origin in three parts: the scheme, the host's first label, and the rest. */
const FIRST_LABEL = /^(https?:\/\/)[a-z0-9_-]+\.([^/]+)$/;

/**
 * Reads one entry of a list of origins: `https://example.com`, `https://*.example.com`,
 * `capacitor://localhost`, or `*`. Returns it as browsers write origins; `undefined` if it is invalid.
 *
 * `*` stands for exactly one label, as in TLS certificates (RFC 6125, section 6.4.3). At least two
 * labels must follow it, because `https://*.com` would let in almost everyone.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseOrigin } from "./origin.ts";
 *
 * assertEquals(parseOrigin("HTTPS://Example.com:443"), "https://example.com");
 * assertEquals(parseOrigin("https://*.example.com"), "https://*.example.com");
 * assertEquals(parseOrigin("https://*.com"), undefined);
 * ```
 */
export function parseOrigin(entry: string): string | undefined {
  if (entry === "*") return entry;
  const text = entry.toLowerCase();
  const [, appScheme = ""] = APP_ORIGIN.exec(text) ?? [];
  if (APP_SCHEMES.includes(appScheme)) return text;
  if (!WILDCARD.test(text)) return webOrigin(text);
  const origin = webOrigin(text.replace(WILDCARD, "$1any."));
  const [, , domain = ""] = FIRST_LABEL.exec(origin ?? "") ?? [];
  return domain.includes(".") ? origin?.replace("://any.", "://*.") : undefined;
}

/**
 * Returns whether a list of entries contains an origin, as a browser sends it.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isListed } from "./origin.ts";
 *
 * const list = new Set(["https://*.example.com"]);
 * assert(isListed("https://app.example.com", list));
 * assert(!isListed("https://example.com", list));
 * assert(!isListed("https://a.app.example.com", list));
 * ```
 */
export function isListed(origin: string, list: ReadonlySet<string>): boolean {
  if (list.has("*")) return true;
  if (origin.includes("*")) return false; // not an origin, but it could equal an entry
  const [, scheme, domain] = FIRST_LABEL.exec(origin) ?? [];
  return list.has(origin) || domain !== undefined && list.has(`${scheme}*.${domain}`);
}

function webOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname.includes("*")) {
    return undefined;
  }
  return url.href === `${url.origin}/` && !text.endsWith("/") ? url.origin : undefined;
}
