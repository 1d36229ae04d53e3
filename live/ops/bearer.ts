/**
 * Checking the operator's token.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { createHash, timingSafeEqual } from "node:crypto";
import { type Refusals, silentRefusals } from "../domain/refusal_log.ts";
import { jsonError } from "../transport/responses.ts";

/**
 * Returns the 401 for a request that does not carry the operator's token; `undefined` if it does. The name
 * of the call begins the sentence of the error.
 */
export type BearerCheck = (request: Request, name: string) => Response | undefined;

/**
 * Creates the check of the bearer token (RFC 6750, section 2.1).
 *
 * It compares digests in constant time. Otherwise the time of a wrong guess would reveal bytes or the
 * length of the token (CWE-208).
 *
 * @param token The token; without one every call is refused.
 * @param refusals Takes calls with a wrong token, or without a token.
 */
export function createBearerCheck(
  token: string | undefined,
  refusals: Refusals = silentRefusals,
): BearerCheck {
  const expected = token === undefined ? undefined : digest(token);
  return (request, name) => {
    const [, given] = /^bearer +(.*)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    if (expected !== undefined && given !== undefined && timingSafeEqual(digest(given), expected)) {
      return undefined;
    }
    const path = URL.parse(request.url)?.pathname ?? "";
    refusals.note("token", `${request.method} ${path} with ${given ? "another" : "no"} token`);
    const message = expected === undefined
      ? `${name} is off: LIVE_PUBLISH_TOKEN is not set`
      : "Authorization must carry the publish token as bearer";
    return jsonError(STATUS_CODE.Unauthorized, message, {}, { "www-authenticate": "Bearer" });
  };
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
