/**
 * Hosts, sites and secure connections, as browsers define them.
 *
 * @module
 */

import { getDomain } from "tldts";

/**
 * Returns the site of an address (RFC 6265bis, "schemeful same-site"): its scheme and the domain that its
 * owner has registered. A cookie with SameSite `Lax` or `Strict` stays within one site.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { siteOf } from "./site.ts";
 *
 * assertEquals(siteOf(new URL("wss://live.example.co.uk:8080")), "https://example.co.uk");
 * assertEquals(siteOf(new URL("https://mine.vercel.app")), "https://mine.vercel.app");
 * ```
 */
export function siteOf(url: URL): string {
  const scheme = isEncrypted(url) ? "https" : "http";
  return `${scheme}://${registrableDomain(url.hostname) ?? url.hostname}`;
}

/** Tells whether two addresses are on the same site. */
export function isSameSite(a: URL, b: URL): boolean {
  return siteOf(a) === siteOf(b);
}

/**
 * Returns the longest domain that several hosts share and that a cookie may be set for; `undefined`
 * if there is none.
 */
export function sharedDomain(hosts: readonly string[]): string | undefined {
  if (hosts.some((host) => registrableDomain(host) === undefined)) return undefined; // no address
  const [first = [], ...others] = hosts.map((host) => host.split(".").reverse());
  let length = first.length;
  for (const labels of others) {
    while (first.slice(0, length).some((label, index) => labels[index] !== label)) length--;
  }
  const shared = first.slice(0, length).reverse().join(".");
  return registrableDomain(shared) === undefined ? undefined : shared;
}

/** Tells whether a cookie of a domain is sent to a host (RFC 6265, section 5.1.3). */
export function domainMatches(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

/** Tells whether an address is encrypted: `https` or `wss`. */
export function isEncrypted({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "wss:";
}

/** Tells whether an address is on this machine. Browsers trust it without encryption. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * Returns the domain below a public suffix. Suffixes of hosting companies count as public, because their
 * customers are different sites.
 */
function registrableDomain(host: string): string | undefined {
  return getDomain(host, { allowPrivateDomains: true }) ?? undefined;
}
