/**
 * Checking the operator's token.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

/** Returns whether a request carries the operator's token. */
export type BearerCheck = (request: Request) => boolean;

/**
 * Creates the check of the bearer token (RFC 6750, section 2.1).
 *
 * It compares digests in constant time. Otherwise the time of a wrong guess would reveal bytes or the
 * length of the token (CWE-208).
 */
export function createBearerCheck(token: string): BearerCheck {
  const expected = digest(token);
  return ({ headers }) => {
    const [, given] = /^bearer +(.*)$/i.exec(headers.get("authorization") ?? "") ?? [];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
