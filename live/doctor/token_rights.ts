/**
 * Whether DIRECTUS_TOKEN may read the access rules, and nothing else.
 *
 * @module
 */

import { bearer, createDirectusApi, readGlobals } from "../setup/directus_api.ts";
import type { HttpCall } from "../setup/http_call.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, warning, fault, skipped } = findingsOf("DIRECTUS_TOKEN");

/** Everything that the server reads with the token, with the collection that it needs. */
const READS: readonly (readonly [collection: string, path: string])[] = [
  ["directus_permissions", "/permissions?limit=1"],
  ["directus_policies", "/policies?limit=1&fields=id,ip_access,admin_access"],
  ["directus_access", "/access?limit=1&fields=user,role,policy"],
  ["directus_roles", "/roles?limit=1&fields=id,parent"],
  ["directus_relations", "/relations"],
  ["directus_users", "/users?limit=1&fields=id,role,policies.policy"],
];

const CURE = "Run live setup, which makes a token with the rights that the server needs";

/** Reads with the token everything that the server reads with it. */
export async function checkToken(
  token: string | undefined,
  baseUrl: string,
  call: HttpCall,
): Promise<Finding> {
  if (token === undefined) return skipped("not set: users with equal rights share no views", CURE);
  const api = createDirectusApi({ baseUrl, call, headers: bearer(token) });
  const me = await api("GET", "/users/me?fields=id");
  if (!me.ok) return fault(`Directus does not accept it: ${me.reason.replace(/\.$/, "")}`, CURE);
  const refused: string[] = [];
  for (const [collection, path] of READS) {
    if (!(await api("GET", path)).ok) refused.push(collection);
  }
  if (refused.length > 0) return fault(`it may not read ${refused.join(", ")}`, CURE);
  const read = await readGlobals(api);
  if (read.ok && (read.globals.admin_access || read.globals.app_access)) {
    const what = read.globals.admin_access ? "an administrator" : "a user of Directus's app";
    return warning(`it belongs to ${what} and may do more than the server needs`, CURE);
  }
  return ok("it may read what decides who has which rights");
}
