/**
 * How an upgrade request is refused.
 *
 * @module
 */

import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { CloseCode } from "../domain/close_codes.ts";
import type { UpgradeResult } from "../domain/metrics.ts";

/** A refusal, for clients that read HTTP and for browsers, which read close codes only. */
export interface Refusal {
  /** The HTTP status. */
  readonly status: StatusCode;
  /** The close code that says the same. */
  readonly code: CloseCode;
  /** The close reason. */
  readonly reason: string;
}

/** Every refusal of a well-formed upgrade request, by result. */
export const refusals = {
  draining: {
    status: STATUS_CODE.ServiceUnavailable,
    code: CloseCode.TryAgainLater,
    reason: "server shutting down",
  },
  capacity: {
    status: STATUS_CODE.ServiceUnavailable,
    code: CloseCode.TryAgainLater,
    reason: "too many connections",
  },
  unavailable: {
    status: STATUS_CODE.ServiceUnavailable,
    code: CloseCode.TryAgainLater,
    reason: "session could not be checked",
  },
  origin: {
    status: STATUS_CODE.Forbidden,
    code: CloseCode.OriginForbidden,
    reason: "origin not allowed",
  },
  unauthorized: {
    status: STATUS_CODE.Unauthorized,
    code: CloseCode.Unauthorized,
    reason: "no valid session",
  },
  "user-limit": {
    status: STATUS_CODE.TooManyRequests,
    code: CloseCode.TooMany,
    reason: "too many connections of this user",
  },
  error: {
    status: STATUS_CODE.InternalServerError,
    code: CloseCode.TryAgainLater,
    reason: "internal error",
  },
} as const satisfies Partial<Record<UpgradeResult, Refusal>>;

/** Names of refusals. */
export type RefusalName = keyof typeof refusals;

/** Bounds of the wait that a refused client is told, in milliseconds. */
const LEAST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 5_000;

/**
 * Returns a wait within some seconds, another each time: clients that were refused together must
 * not come back together.
 */
export function retryDelayMs(): number {
  return LEAST_RETRY_MS + Math.floor(Math.random() * (MOST_RETRY_MS - LEAST_RETRY_MS));
}

/**
 * Returns the HTTP answer of a refusal. The client is asked to close: Deno itself keeps the
 * connection until the client does.
 *
 * @param name Which refusal.
 * @param retryAfterMs When to come back, in milliseconds; sent with 503 and 429 only.
 */
export function refuse(name: RefusalName, retryAfterMs: number): Response {
  const { status } = refusals[name];
  const temporary = status === STATUS_CODE.ServiceUnavailable ||
    status === STATUS_CODE.TooManyRequests;
  return emptyResponse(
    status,
    temporary ? { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))) } : {},
  );
}

/** Returns an answer without a body, on a connection that is to be closed. */
export function emptyResponse(status: StatusCode, headers: HeadersInit = {}): Response {
  const response = new Response(null, { status, headers });
  response.headers.set("content-length", "0");
  response.headers.set("connection", "close");
  return response;
}
