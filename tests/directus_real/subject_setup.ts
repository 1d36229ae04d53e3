/**
 * A real Directus as the subject of the contract.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { ME, PASSWORD, STATIC_TOKEN, type Subject, tokenIn } from "../directus/contract_setup.ts";
import { base64url } from "../support/jwt.ts";
import { type RealDirectus, SECRET } from "./real_directus.ts";
import { createUser, shareOf, type World } from "./world_setup.ts";

/** Creates the contract's users, and returns what the administrator can do. */
export async function createSubject(directus: RealDirectus, world: World): Promise<Subject> {
  await createUser(directus, "ada", { role: world.editor, first_name: "Ada" });
  await createUser(directus, "bob", { token: STATIC_TOKEN });
  const sam = await createUser(directus, "sam");
  const max = await createUser(directus, "max");
  return {
    fetch: (path, init) => directus.fetch(path, init),
    async outlast(cookie) {
      for (let status = 200; status !== 401;) { // the grace period is short
        const response = await directus.fetch(ME, { headers: { cookie } });
        await response.body?.cancel();
        status = response.status;
      }
    },
    expire: (cookie) => Promise.resolve(expired(cookie)),
    share: () => shareOf(directus, world),
    suspend: (suspended) =>
      directus.admin("PATCH", `/users/${sam}`, { status: suspended ? "suspended" : "active" }),
    changePassword: () => directus.admin("PATCH", `/users/${sam}`, { password: PASSWORD }),
    remove: () => directus.admin("DELETE", `/users/${max}`),
  };
}

/** Returns a session's cookie as Directus would have signed it long ago. */
function expired(cookie: string): string {
  const [name = ""] = cookie.split("=");
  return `${name}=${withTimes(tokenIn(cookie), { iat: 1_700_000_000, exp: 1_700_086_400 })}`;
}

/** Returns a token of Directus's with other times, signed as Directus signs. */
export function withTimes(token: string, times: Readonly<Record<string, number>>): string {
  const [head = "", claims = ""] = token.split(".");
  const text = JSON.stringify({
    ...JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))),
    ...times,
  });
  const body = `${head}.${base64url(text)}`;
  return `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;
}
