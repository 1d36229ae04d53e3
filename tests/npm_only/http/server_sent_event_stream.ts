/**
 * Stands in for `@std/http/server-sent-event-stream`: the same code by way of npm, with the types
 * that its npm package lacks.
 *
 * @module
 */

import * as stream from "npm:deno-std@^1.4.0/http/server_sent_event_stream.js";

/** One event. */
export interface ServerSentEventMessage {
  /** What clients ignore. */
  comment?: string;
  /** The kind of event. */
  event?: string;
  /** The content; line breaks are kept. */
  data?: string;
  /** What the client sends back as `Last-Event-ID` when it comes again. */
  id?: string | number;
  /** How long the client waits before it comes again, in milliseconds. */
  retry?: number;
}

/** Turns events into the bytes of a `text/event-stream`. */
export type ServerSentEventStream = TransformStream<ServerSentEventMessage, Uint8Array>;

/** Creates a {@linkcode ServerSentEventStream}. */
export const ServerSentEventStream: new () => ServerSentEventStream = stream.ServerSentEventStream;
