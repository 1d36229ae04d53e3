/**
 * The check of the `Host` header, by which the ops listener refuses unknown names.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { type Refusals, silentRefusals } from "../domain/refusal_log.ts";
import { jsonError } from "../transport/responses.ts";

/** An IPv6 or IPv4 address, as URLs contain them. */
const ADDRESS = /^(\[[0-9a-f:.]+\]|\d+(\.\d+){3})$/;

/** Names of this very machine (RFC 6761, section 6.3). */
const LOCALHOST = /^(.+\.)?localhost$/;

/** Returns the 403 for a request whose `Host` is not allowed; `undefined` if it is. */
export type HostCheck = (request: Request) => Response | undefined;

/**
 * Creates the check against DNS rebinding (CWE-350): a page can make the name of its own host resolve to a
 * private address, and then read from it as from its own server. But browsers send that name as `Host`.
 * Addresses are allowed, because they are not resolved. Requests of HTTP/1.0 without a `Host` are allowed,
 * because browsers always send one.
 *
 * @param host The host that the listener listens on.
 * @param allowedHosts Further names, in lower case and without a port.
 * @param refusals Takes the names that were refused.
 */
export function createHostCheck(
  host: string,
  allowedHosts: ReadonlySet<string>,
  refusals: Refusals = silentRefusals,
): HostCheck {
  const own = host.toLowerCase();
  return ({ headers, url }) => {
    const given = headers.get("host") ?? URL.parse(url)?.host ?? "";
    if (given === "") return undefined;
    const name = URL.parse(`http://${given}`)?.hostname.replace(/\.$/, "") ?? "";
    if (ADDRESS.test(name) || LOCALHOST.test(name)) return undefined;
    if (name === own || allowedHosts.has(name)) return undefined;
    refusals.note("host", name);
    return jsonError(STATUS_CODE.Forbidden, "Host is not allowed: add it to OPS_ALLOWED_HOSTS");
  };
}
