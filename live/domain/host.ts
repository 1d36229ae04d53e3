/**
 * Hosts that a listener can have.
 *
 * @module
 */

/** Addresses that stand for all addresses of a machine (RFC 4291, section 2.5.2). */
const UNSPECIFIED: ReadonlySet<string> = new Set(["0.0.0.0", "::", "[::]"]);

/**
 * Tells whether a listener with this host accepts connections on every address of the machine. No client
 * can call such a host.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isUnspecified } from "./host.ts";
 *
 * assert(isUnspecified("0.0.0.0"));
 * assert(!isUnspecified("127.0.0.1"));
 * ```
 */
export function isUnspecified(host: string): boolean {
  return UNSPECIFIED.has(host);
}
