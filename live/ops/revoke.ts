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

/** When to try again if Directus or the other instances could not be reached, in seconds. */
const RETRY_AFTER_S = "2";

/**
 * Answers a revoke call with what happened on this instance. What is not known to be done everywhere
 * is 503, never a false 200, with the same counts: as much is done, and the call may be made again.
 */
export async function handleRevoke(body: unknown, revoke: Revoke): Promise<Response> {
  const unrendered = unrenderedPath(body);
  if (unrendered !== undefined) {
    return jsonError(STATUS_CODE.BadRequest, `${unrendered}: ${UNRENDERED_HINT}`);
  }
  const command = readRevocation(body);
  if (typeof command === "string") return jsonError(STATUS_CODE.BadRequest, command);
  const { trouble, ...counts } = await revoke(command);
  if (trouble === undefined) return Response.json(counts);
  const headers = { "retry-after": RETRY_AFTER_S };
  return jsonError(STATUS_CODE.ServiceUnavailable, trouble, counts, headers);
}
