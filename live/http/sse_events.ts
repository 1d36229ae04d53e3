/**
 * What a stream of server-sent events says beside the messages.
 *
 * @module
 */

import { CloseCode } from "../domain/close_codes.ts";
import { renderEvent } from "../wire/sse_wire.ts";

/** How a 1001 tells when to come back. */
const RETRY_HINT = /retry in (\d+)$/;

/**
 * When a browser reconnects that was told to stay away, in milliseconds. An `EventSource` cannot be
 * told "never"; it stops at the first response that is no stream, or when its page closes it.
 */
const STAY_AWAY_MS = 3_600_000;

/** Codes that tell a client not to come back. */
const STAY_AWAY: ReadonlySet<number> = new Set([
  CloseCode.OriginForbidden,
  CloseCode.Unauthorized,
  CloseCode.Revoked,
]);

/**
 * Renders the last event of a stream, named `close`: what a WebSocket's close frame says, as JSON.
 * Its `retry` makes an `EventSource` come back when it should.
 *
 * @param code The close code.
 * @param reason The close reason.
 * @param retryMs When to come back, in milliseconds. @default {the time in the reason, if any}
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
      "x-accel-buffering": "no", // nginx would gather the events
      "x-content-type-options": "nosniff", // so that no page can load it as a script
    },
  });
}

function hintIn(reason: string): number | undefined {
  const hint = RETRY_HINT.exec(reason)?.[1];
  return hint === undefined ? undefined : Number(hint);
}
