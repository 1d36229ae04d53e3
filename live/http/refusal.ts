/**
 * Refusals of upgrades and streams of events.
 *
 * @module
 */

import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { CloseCode } from "../domain/close_codes.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics, UpgradeResult } from "../domain/metrics.ts";
import { hasLeft, isUpgrade, wantsClose } from "./handshake.ts";
import { emptyResponse } from "../transport/responses.ts";
import type { InFlight } from "./in_flight.ts";
import { closeEvent, eventStream } from "./sse_events.ts";
import type { Answer, Upgrade } from "../transport/transport.ts";

/** A refusal as an HTTP status and as a close code, for browsers. */
export interface Refusal {
  /** The HTTP status. */
  readonly status: StatusCode;
  /** The close code with the same meaning. */
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
  malformed: {
    status: STATUS_CODE.BadRequest,
    code: CloseCode.Unauthorized,
    reason: "more than one access token",
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
  /** Sockets that were opened only to be closed with a refusal, and have not closed yet. */
  readonly sockets: InFlight;
  /** Counts refusals. */
  readonly metrics: Metrics;
  /** Logs refusals, at the level for following one connection. */
  readonly logger: Logger;
}

/** Refuses an upgrade or a stream; `retryAfterMs` is for refusals where trying again can help. */
export type Refuser = (request: Request, name: RefusalName, retryAfterMs: number) => Answer;

/**
 * How many refused sockets may wait for the client's close frame. Beyond this, only HTTP statuses are used.
 */
const MAX_REFUSED_SOCKETS = 1_000;

/**
 * Creates the function that refuses upgrades and streams: with an HTTP status, or with `?reject=close` with
 * a close code, in a close frame or a `close` event. Browsers need the latter, because their WebSockets do
 * not expose HTTP statuses.
 */
export function createRefuser({ sockets, metrics, logger }: RefuserOptions): Refuser {
  return (request, name, retryAfterMs) => {
    metrics.upgrade(name);
    logger.debug("upgrade refused", { result: name });
    if (!wantsClose(request) || hasLeft(request)) return httpRefusal(name, retryAfterMs);
    const { code, reason } = refusals[name];
    if (!isUpgrade(request)) return eventStream(closeEvent(code, reason, retryAfterMs));
    if (sockets.size >= MAX_REFUSED_SOCKETS) return httpRefusal(name, retryAfterMs);
    return closeOnOpen(code, reason, sockets);
  };
}

/** Upgrades only to close the socket, which counts as in flight until it has closed. */
function closeOnOpen(code: number, reason: string, sockets: InFlight): Upgrade {
  return {
    open(socket) {
      const closed = sockets.begin();
      socket.close(code, reason);
      return { closed };
    },
    abandon() {},
  };
}

/** Returns the HTTP response. Deno keeps the TCP connection open until the client closes it. */
function httpRefusal(name: RefusalName, retryAfterMs: number): Response {
  const { status } = refusals[name];
  const temporary = status === STATUS_CODE.ServiceUnavailable ||
    status === STATUS_CODE.TooManyRequests;
  const retryAfterS = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  return emptyResponse(status, temporary ? { "retry-after": retryAfterS } : {});
}
