/**
 * Topics as server-sent events, for networks that break WebSockets:
 * `GET /sse?topic=event:42&topic=event:43`.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Metrics } from "../domain/metrics.ts";
import { parseTopic } from "../domain/topic.ts";
import type { Admitted } from "./admission.ts";
import type { Client, ClientProtocol, Clients } from "./clients.ts";
import { isOriginAllowed, wantsClose } from "./handshake.ts";
import { createSseWire, sseWire } from "../wire/sse_wire.ts";
import { emptyResponse, jsonError } from "../transport/responses.ts";
import { eventStream } from "./sse_events.ts";
import { StreamPosition } from "./sse_position.ts";
import { createFrameEncoder, SseSocket } from "./sse_socket.ts";
import { SseSubscriptions } from "./sse_subscriptions.ts";
import type { Incoming } from "../transport/transport.ts";

/** Where the streams are. */
const PATH = "/sse";

/** What streams need. */
export interface SseOptions {
  /** Sets up their connections. */
  readonly clients: Clients;
  /** After so many quiet milliseconds a comment is sent. */
  readonly pingIntervalMs: number;
  /** How long a client may take to read the end of a stream, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Counts the streams. */
  readonly metrics: Metrics;
}

/** Shared by all streams. */
const encode = createFrameEncoder();

/** The end of a stream whose client left, which cannot say why (RFC 6455, section 7.1.5). */
const NO_CODE = 1005;

/** Tells whether a request asks for a stream. */
export function isStream({ url }: Request): boolean {
  return URL.parse(url)?.pathname === PATH;
}

/** Returns the answer to a request for a stream that is malformed, or `undefined` if it is good. */
export function checkStream(request: Request): Response | undefined {
  if (request.method !== "GET") {
    return emptyResponse(STATUS_CODE.MethodNotAllowed, { allow: "GET" });
  }
  const topics = topicsOf(request);
  if (topics.length === 0) {
    return jsonError(STATUS_CODE.BadRequest, "URL must name a topic: ?topic=<prefix>:<id>");
  }
  const topic = topics.find((name) => parseTopic(name) === undefined);
  if (topic === undefined) return undefined;
  const message = "Topic must be <prefix>:<id>, its id the key of one item";
  return jsonError(STATUS_CODE.BadRequest, message, { topic });
}

/**
 * Lets a page of an allowed origin read an answer, whatever it is. Browsers send cookies along
 * with any page's request, so no other page may (CWE-942).
 */
export function allowOrigin(
  request: Request,
  response: Response,
  allowed: ReadonlySet<string>,
): Response {
  const origin = request.headers.get("origin");
  response.headers.set("vary", "Origin");
  if (origin === null || !isOriginAllowed(request, allowed)) return response;
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-allow-credentials", "true");
  return response;
}

/**
 * Opens the stream of a request that was checked and admitted.
 *
 * @returns The stream, as soon as it has more to tell than the welcome; or 403 if the client may
 * listen to none of the topics, which keeps an `EventSource` from coming back for ever.
 */
export async function openStream(
  incoming: Incoming,
  admitted: Admitted,
  { clients, pingIntervalMs, closeTimeoutMs, metrics }: SseOptions,
): Promise<Response> {
  const { request, remoteAddress, completed } = incoming;
  const topics = topicsOf(request);
  const position = new StreamPosition(topics, request.headers.get("last-event-id"));
  const subscriptions = new SseSubscriptions(topics, position);
  const socket = new SseSocket({
    pingIntervalMs,
    encode,
    onClose() {
      subscriptions.end();
      endInTime(incoming, closeTimeoutMs);
    },
  });
  const protocol: ClientProtocol = {
    wire: topics.length === 1
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
    admitted.release();
  }
  metrics.upgrade("accepted");
  const leave = () => client.closed(NO_CODE, "client left");
  request.signal.addEventListener("abort", leave); // while it is not answered
  completed.then(leave);
  await subscriptions.begin(client);
  if (!subscriptions.refused || wantsClose(request)) return eventStream(socket.body);
  return jsonError(STATUS_CODE.Forbidden, "Not allowed to listen to any of the topics");
}

/** Breaks the connection of a stream that has ended and is not read to its end, where it can be. */
function endInTime({ completed, terminate }: Incoming, timeoutMs: number): void {
  if (terminate === undefined) return;
  const timer = setTimeout(terminate, timeoutMs);
  completed.then(() => clearTimeout(timer));
}

/** Names of the topics that are asked for, each once. */
function topicsOf({ url }: Request): string[] {
  return [...new Set(URL.parse(url)?.searchParams.getAll("topic"))];
}
