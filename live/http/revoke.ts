/**
 * The revoke call.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { readCommand } from "../domain/command.ts";
import type { Revoke } from "../session/revoke.ts";
import { jsonError } from "./responses.ts";

/** When to try again if Directus or the other instances could not be reached, in seconds. */
const RETRY_AFTER_S = "2";

/**
 * Answers a revoke call with what happened on this instance. What is not known to be done everywhere
 * is 503, never a false 200, with the same counts: as much is done, and the call may be made again.
 */
export async function handleRevoke(body: unknown, revoke: Revoke): Promise<Response> {
  const command = readCommand(body);
  if (typeof command === "string") return jsonError(STATUS_CODE.BadRequest, command);
  const { trouble, ...counts } = await revoke(command);
  if (trouble === undefined) return Response.json(counts);
  const headers = { "retry-after": RETRY_AFTER_S };
  return jsonError(STATUS_CODE.ServiceUnavailable, trouble, counts, headers);
}
