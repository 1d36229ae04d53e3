/**
 * Credentials on their way between threads, where objects with private fields cannot go.
 *
 * @module
 */

import { BearerToken, type Credential, PUBLIC } from "../domain/credential.ts";
import { SessionCookie } from "../domain/session_cookie.ts";
import type { SealedCredential } from "./protocol.ts";

const BEARER = "Bearer ";

/** Returns a credential in a form that can be copied to another thread. It must not leave the process. */
export function seal(credential: Credential): SealedCredential {
  return credential.requestHeader();
}

/** Returns the credential again, as an object that cannot be printed by accident. */
export function unseal(sealed: SealedCredential): Credential {
  if (sealed === undefined) return PUBLIC;
  const [header, value] = sealed;
  if (header === "authorization") return new BearerToken(value.slice(BEARER.length));
  const end = value.indexOf("=");
  return new SessionCookie(value.slice(0, end), value.slice(end + 1));
}
