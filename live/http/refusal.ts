/**
 * How an upgrade or a stream of events is refused.
 *
 * @module
 */

import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { CloseCode } from "../domain/close_codes.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics, UpgradeResult } from "../domain/metrics.ts";
import type { Socket } from "../domain/socket.ts";
import { hasLeft, isUpgrade, wantsClose } from "./handshake.ts";
import { emptyResponse } from "../transport/responses.ts";
import { closeEvent, eventStream } from "./sse_events.ts";
import type { Answer, Upgrade } from "../transport/transport.ts";

/** A refusal, for clients that read HTTP and for browsers, which read close codes only. */
export interface Refusal {
  /** The HTTP status. */
  readonly status: StatusCode;
  /** The close code that says the same. */
  readonly code: CloseCode;
  /** The close reason. */
  readonly reason: string;
}

/** Every refusal of a well-formed request, by result. */
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

/** What refusing needs. */
export interface RefuserOptions {
  /** Counts the refusals. */
  readonly metrics: Metrics;
  /** Told of the refusals, at the level for following one connection. */
  readonly logger: Logger;
}

/** Refuses an upgrade or a stream; `retryAfterMs` says when to come back, if that makes sense. */
export type Refuser = (request: Request, name: RefusalName, retryAfterMs: number) => Answer;

/** Refused sockets whose close a client may ignore; past this only HTTP's answer is given. */
const MAX_REFUSED_SOCKETS = 1_000;

/**
 * Creates what refuses upgrades and streams: by HTTP, or by a close code, in a close frame or in
 * an event, if the client asked for that with `?reject=close`, as browsers have to.
 */
export function createRefuser({ metrics, logger }: RefuserOptions): Refuser {
  const sockets = new Set<Socket>();
  return (request, name, retryAfterMs) => {
    metrics.upgrade(name);
    logger.debug("upgrade refused", { result: name });
    if (!wantsClose(request) || hasLeft(request)) return httpRefusal(name, retryAfterMs);
    const { code, reason } = refusals[name];
    if (!isUpgrade(request)) return eventStream(closeEvent(code, reason, retryAfterMs));
    if (sockets.size >= MAX_REFUSED_SOCKETS) return httpRefusal(name, retryAfterMs);
    return closing(sockets, code, reason);
  };
}

/** Accepts an upgrade only to close its socket, which is in the set until it is gone. */
function closing(sockets: Set<Socket>, code: number, reason: string): Upgrade {
  return {
    open(socket) {
      sockets.add(socket);
      socket.close(code, reason);
      return { closed: () => sockets.delete(socket) };
    },
    abandon() {},
  };
}

/** Returns HTTP's answer. Deno itself keeps the TCP connection until the client closes it. */
function httpRefusal(name: RefusalName, retryAfterMs: number): Response {
  const { status } = refusals[name];
  const temporary = status === STATUS_CODE.ServiceUnavailable ||
    status === STATUS_CODE.TooManyRequests;
  const retryAfterS = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  return emptyResponse(status, temporary ? { "retry-after": retryAfterS } : {});
}
