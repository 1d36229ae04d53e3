/**
 * What the operator's calls have in common.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { jsonError } from "../transport/responses.ts";
import type { BearerCheck } from "./bearer.ts";
import { type JsonText, readJsonBody } from "./json_body.ts";

/** The largest body that is accepted, in bytes. */
export const MAX_BODY_BYTES = 1_048_576;

/** One kind of call. */
export interface OperatorCall {
  /** What the call does, to begin a sentence with. */
  readonly name: string;
  /** Checks the bearer token; the call is off without it. */
  readonly hasBearer: BearerCheck | undefined;
  /** Returns a refusal to send before the body is read, if any. @default {none} */
  readonly refuse?: () => Response | undefined;
  /** Carries out the call with this body. */
  readonly respond: (body: JsonText, request: Request) => Promise<Response> | Response;
}

/**
 * Answers a call: 401 without the bearer token, then the call's own refusal, then 415, 413 or 400 if
 * the body is not JSON or is too large.
 */
export async function answerOperator(request: Request, call: OperatorCall): Promise<Response> {
  const { name, hasBearer } = call;
  if (!hasBearer?.(request)) return refuseBearer(name, hasBearer !== undefined);
  const refusal = call.refuse?.();
  if (refusal !== undefined) return refusal;
  const body = await readJsonBody(request, MAX_BODY_BYTES);
  return body.ok ? await call.respond(body, request) : jsonError(body.status, body.message);
}

/** Returns the 401 for a call without the bearer token, or for any call while no token is set. */
export function refuseBearer(name: string, isOn: boolean): Response {
  const message = isOn
    ? "Authorization must carry the publish token as bearer"
    : `${name} is off: LIVE_PUBLISH_TOKEN is not set`;
  return jsonError(STATUS_CODE.Unauthorized, message, {}, { "www-authenticate": "Bearer" });
}
