/**
 * The common part of all operator calls.
 *
 * @module
 */

import { jsonError } from "../transport/responses.ts";
import type { BearerCheck } from "./bearer.ts";
import { type JsonText, readJsonBody } from "./json_body.ts";

/** The largest body that is accepted, in bytes. */
export const MAX_BODY_BYTES = 1_048_576;

/** A route: its method, and how it answers. */
export type Route = [
  method: "GET" | "POST",
  respond: (request: Request) => Promise<Response> | Response,
];

/** One kind of call. */
export interface OperatorCall {
  /** What the call does, as the beginning of a sentence. */
  readonly name: string;
  /** Checks the bearer token. */
  readonly checkBearer: BearerCheck;
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
  const refusal = call.checkBearer(request, call.name) ?? call.refuse?.();
  if (refusal !== undefined) return refusal;
  const body = await readJsonBody(request, MAX_BODY_BYTES);
  return body.ok ? await call.respond(body, request) : jsonError(body.status, body.message);
}
