/**
 * Credentials on their way between threads, where objects with private fields cannot go.
 *
 * @module
 */

import { BearerToken, type Credential, PUBLIC } from "../domain/credential.ts";
import { SessionCookie } from "../domain/session_cookie.ts";
import type { SealedCredential } from "./protocol.ts";

const BEARER = "Bearer ";

/** Returns a credential as it can be copied to another thread of the process, and nowhere else. */
export function seal(credential: Credential): SealedCredential {
  return credential.requestHeader();
}

/** Returns the credential again, which cannot be printed by accident. */
export function unseal(sealed: SealedCredential): Credential {
  if (sealed === undefined) return PUBLIC;
  const [header, value] = sealed;
  if (header === "authorization") return new BearerToken(value.slice(BEARER.length));
  const end = value.indexOf("=");
  return new SessionCookie(value.slice(0, end), value.slice(end + 1));
}
