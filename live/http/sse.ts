/**
 * Topics and views as server-sent events, for networks that block WebSockets:
 * `GET /sse?topic=event:42&view={"collection":"events"}`.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Metrics } from "../domain/metrics.ts";
import type { EncodeFrame } from "../transport/frame_encoder.ts";
import type { Admitted } from "./admission.ts";
import type { Client, ClientProtocol, Clients } from "./clients.ts";
import { wantsClose } from "./handshake.ts";
import { createSseWire, sseWire } from "../wire/sse_wire.ts";
import { jsonError } from "../transport/responses.ts";
import { eventStream } from "./sse_events.ts";
import { StreamPosition } from "./sse_position.ts";
import { SseSocket } from "./sse_socket.ts";
import { SseSubscriptions } from "./sse_subscriptions.ts";
import type { StreamTarget } from "./sse_targets.ts";
import type { Incoming } from "../transport/transport.ts";

/** Path of the streams. */
const PATH = "/sse";

/** What streams need. */
export interface SseOptions {
  /** Sets up their connections. */
  readonly clients: Clients;
  /** A comment is sent after this many milliseconds of silence. */
  readonly pingIntervalMs: number;
  /** How long a client may take to read the end of a stream, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Encodes frames; all streams share it. */
  readonly encode: EncodeFrame;
  /** Counts the streams. */
  readonly metrics: Metrics;
}

/** Close code of a stream whose client disconnected without a code (RFC 6455, section 7.1.5). */
const NO_CODE = 1005;

/** Returns whether a request asks for a stream. */
export function isStream({ url }: Request): boolean {
  return URL.parse(url)?.pathname === PATH;
}

/**
 * Opens the stream of a request that was checked and admitted.
 *
 * @returns The stream, once an answer about a topic or view has followed the welcome. If all of them are
 * refused, 403, or 400 for the query of a view, because an `EventSource` would otherwise reconnect for
 * ever.
 */
export async function openStream(
  incoming: Incoming,
  targets: readonly StreamTarget[],
  admitted: Admitted,
  { clients, pingIntervalMs, closeTimeoutMs, encode, metrics }: SseOptions,
): Promise<Response> {
  const { request, remoteAddress, completed } = incoming;
  const keys = targets.map(({ key }) => key);
  const position = new StreamPosition(keys, request.headers.get("last-event-id"));
  const subscriptions = new SseSubscriptions(targets, position);
  const socket = new SseSocket({
    pingIntervalMs,
    encode,
    onClose() {
      subscriptions.end();
      breakAfter(closeTimeoutMs, incoming);
    },
  });
  const protocol: ClientProtocol = {
    wire: targets.length === 1
      ? sseWire
      : createSseWire((log, offset) => position.advance(log, offset)),
    onAnswer: (message) => subscriptions.noteAnswer(message),
  };
  let client: Client;
  try {
    client = clients.open(socket, admitted, remoteAddress, protocol);
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    admitted.releaseReservation();
  }
  metrics.upgrade("accepted");
  const leave = () => client.closed(NO_CODE, "client left");
  request.signal.addEventListener("abort", leave); // until the response begins
  completed.then(leave);
  await subscriptions.begin(client);
  if (!subscriptions.refused || wantsClose(request)) return eventStream(socket.body);
  const { fault } = subscriptions;
  if (fault !== undefined) return jsonError(STATUS_CODE.BadRequest, fault);
  return jsonError(STATUS_CODE.Forbidden, "Not allowed to listen to any of the topics");
}

/**
 * Breaks the connection of an ended stream if the client does not read it to its end in time. Not every
 * transport can.
 */
function breakAfter(timeoutMs: number, { completed, terminate }: Incoming): void {
  if (terminate === undefined) return;
  const timer = setTimeout(terminate, timeoutMs);
  completed.then(() => clearTimeout(timer));
}
