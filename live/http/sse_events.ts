/**
 * The last event of a stream, and its response.
 *
 * @module
 */

import { CloseCode } from "../domain/close_codes.ts";
import { renderEvent } from "../wire/sse_wire.ts";

/** The reconnect delay in the reason of a 1001. */
const RETRY_HINT = /retry in (\d+)$/;

/**
 * Reconnect delay of a browser that must not reconnect, in milliseconds. An `EventSource` has no value for
 * "never": it stops only at a response that is not a stream, or when its page closes it.
 */
const STAY_AWAY_MS = 3_600_000;

/** Codes after which a client must not reconnect. */
const STAY_AWAY: ReadonlySet<number> = new Set([
  CloseCode.OriginForbidden,
  CloseCode.Unauthorized,
  CloseCode.Revoked,
]);

/**
 * Renders the last event of a stream, `close`: the contents of a WebSocket's close frame as JSON.
 * Its `retry` sets the reconnect delay of an `EventSource`.
 *
 * @param code The close code.
 * @param reason The close reason.
 * @param retryMs The reconnect delay, in milliseconds. @default {the delay in the reason, if any}
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { closeEvent } from "./sse_events.ts";
 *
 * assertEquals(
 *   closeEvent(1001, "server shutting down; retry in 1234"),
 *   'event: close\n' +
 *     'data: {"code":1001,"reason":"server shutting down; retry in 1234"}\n' +
 *     "retry: 1234\n\n",
 * );
 * ```
 */
export function closeEvent(
  code: number,
  reason: string,
  retryMs: number | undefined = hintIn(reason),
): string {
  const data = JSON.stringify({ code, reason });
  return renderEvent({
    event: "close",
    data,
    retryMs: STAY_AWAY.has(code) ? STAY_AWAY_MS : retryMs,
  });
}

/** Responds with a stream of events. */
export function eventStream(body: BodyInit): Response {
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no", // otherwise nginx would hold events back
      "x-content-type-options": "nosniff", // so that no page can load it as a script
    },
  });
}

function hintIn(reason: string): number | undefined {
  const hint = RETRY_HINT.exec(reason)?.[1];
  return hint === undefined ? undefined : Number(hint);
}
