/**
 * What a stream of server-sent events says beside the messages.
 *
 * @module
 */

import {
  type ServerSentEventMessage,
  ServerSentEventStream,
} from "@std/http/server-sent-event-stream";
import { CloseCode } from "../domain/close_codes.ts";

/** How a 1001 tells when to come back. */
const RETRY_HINT = /retry in (\d+)$/;

/**
 * When a browser asks again that was told to stay away, in milliseconds. An `EventSource` cannot be
 * told never; it stops at the first answer that is no stream, or when its page closes it.
 */
const STAY_AWAY_MS = 3_600_000;

/** Codes that tell a client not to come back. */
const STAY_AWAY: ReadonlySet<number> = new Set([
  CloseCode.OriginForbidden,
  CloseCode.Unauthorized,
  CloseCode.Revoked,
]);

/**
 * Returns the last event of a stream, named `close`: what a WebSocket's close frame says, as
 * JSON. Its `retry` makes an `EventSource` come back when it should.
 *
 * @param code The close code.
 * @param reason The close reason.
 * @param retryMs When to come back, in milliseconds. @default {what the reason says, if anything}
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { closeEvent } from "./sse_events.ts";
 *
 * assertEquals(closeEvent(1001, "server shutting down; retry in 1234"), {
 *   event: "close",
 *   data: '{"code":1001,"reason":"server shutting down; retry in 1234"}',
 *   retry: 1234,
 * });
 * ```
 */
export function closeEvent(
  code: number,
  reason: string,
  retryMs: number | undefined = hintIn(reason),
): ServerSentEventMessage {
  const retry = STAY_AWAY.has(code) ? STAY_AWAY_MS : retryMs;
  const event = { event: "close", data: JSON.stringify({ code, reason }) };
  return retry === undefined ? event : { ...event, retry };
}

/** Answers with a stream of events. */
export function eventStream(body: ReadableStream<Uint8Array>): Response {
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no", // nginx would gather the events
      "x-content-type-options": "nosniff", // so that no page can load it as a script
    },
  });
}

/** Answers with a stream of one event. */
export function singleEvent(event: ServerSentEventMessage): Response {
  return eventStream(ReadableStream.from([event]).pipeThrough(new ServerSentEventStream()));
}

function hintIn(reason: string): number | undefined {
  const hint = RETRY_HINT.exec(reason)?.[1];
  return hint === undefined ? undefined : Number(hint);
}
