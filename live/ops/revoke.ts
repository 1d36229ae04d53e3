/**
 * The revoke call.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { UNRENDERED_HINT, unrenderedPath } from "../directus/rendered.ts";
import { readRevocation } from "../domain/revocation.ts";
import type { Revoke } from "../session/revoke.ts";
import { jsonError } from "../transport/responses.ts";

/** When to try again if Directus or another instance could not be reached, in seconds. */
const RETRY_AFTER_S = "2";

/**
 * Answers a revoke call with what it did on this instance. The status is 503 unless all instances have
 * confirmed it. The body is the same then, and the caller can repeat the call.
 */
export async function handleRevoke(body: unknown, revoke: Revoke): Promise<Response> {
  const unrendered = unrenderedPath(body);
  if (unrendered !== undefined) {
    return jsonError(STATUS_CODE.BadRequest, `${unrendered}: ${UNRENDERED_HINT}`);
  }
  const revocation = readRevocation(body);
  if (typeof revocation === "string") return jsonError(STATUS_CODE.BadRequest, revocation);
  const { trouble, ...counts } = await revoke(revocation);
  if (trouble === undefined) return Response.json(counts);
  const headers = { "retry-after": RETRY_AFTER_S };
  return jsonError(STATUS_CODE.ServiceUnavailable, trouble, counts, headers);
}
