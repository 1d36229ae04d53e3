/**
 * What all calls of the operator have in common.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { BearerCheck } from "./bearer.ts";
import { readJsonBody } from "./json_body.ts";
import { jsonError } from "../transport/responses.ts";

/** What a body may hold, in bytes. */
export const MAX_BODY_BYTES = 1_048_576;

/** What answering a call needs. */
export interface OperatorCall {
  /** What is off without a token, as a sentence begins. */
  readonly name: string;
  /** Checks the bearer; without a token the call is off. */
  readonly hasBearer: BearerCheck | undefined;
  /** Returns the answer to give before the body is read, if any. @default {nothing} */
  readonly obstacle?: () => Response | undefined;
  /** Answers a call of the operator with this body. */
  readonly respond: (body: unknown) => Promise<Response> | Response;
}

/**
 * Answers a call: 401 without the bearer, then what stands in its way, then 415, 413 or 400 if its
 * body is not JSON, or too much of it.
 */
export async function answerOperator(request: Request, call: OperatorCall): Promise<Response> {
  const { name, hasBearer } = call;
  if (!hasBearer?.(request)) return refuseBearer(name, hasBearer !== undefined);
  const obstacle = call.obstacle?.();
  if (obstacle !== undefined) return obstacle;
  const body = await readJsonBody(request, MAX_BODY_BYTES);
  return body.ok ? await call.respond(body.value) : jsonError(body.status, body.message);
}

/** Answers 401 to a call without the bearer, or to any call that is off as there is no token. */
export function refuseBearer(name: string, isOn: boolean): Response {
  const message = isOn
    ? "Authorization must carry the publish token as bearer"
    : `${name} is off: LIVE_PUBLISH_TOKEN is not set`;
  return jsonError(STATUS_CODE.Unauthorized, message, {}, { "www-authenticate": "Bearer" });
}
