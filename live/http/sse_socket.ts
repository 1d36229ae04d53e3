/**
 * A stream of server-sent events in the place of a WebSocket.
 *
 * @module
 */

import {
  type ServerSentEventMessage,
  ServerSentEventStream,
} from "@std/http/server-sent-event-stream";
import { CloseCode } from "../domain/close_codes.ts";
import type { Socket } from "../domain/socket.ts";
import { retryDelayMs } from "./refusal.ts";
import { closeEvent } from "./sse_events.ts";
import type { PositionMessage, StreamPosition } from "./sse_position.ts";

/** As much of an outbound message as decides what becomes of the stream. */
export interface StreamMessage extends PositionMessage {
  /** Why the topic was refused, in `error`. */
  readonly code?: string;
  /** When to try again, in milliseconds, in `error`. */
  readonly retryAfterMs?: number;
}

/** What a stream needs. */
export interface SseSocketOptions {
  /** After so many quiet milliseconds a comment is sent, so that proxies keep the stream. */
  readonly pingIntervalMs: number;
  /** Where the stream stands. */
  readonly position: StreamPosition;
  /** Told of each message that is sent. */
  readonly onMessage: (message: StreamMessage) => void;
  /** Called when nothing can be sent any more, perhaps twice. */
  readonly onClose: () => void;
}

/** States of a WebSocket, which this one has as well. */
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/**
 * Sends a connection's messages as events: one event of the default type for each, its data the
 * message's JSON. What the response has not taken yet waits here, and counts as buffered.
 *
 * Deno cannot end a response whose peer reads nothing: it looks at the stream again only when
 * there is room (so it is of no use to break the stream). But what waits for a client that was too
 * slow can be dropped, and is.
 */
export class SseSocket implements Socket {
  /** The response's body. */
  readonly body: ReadableStream<Uint8Array>;

  readonly #options: SseSocketOptions;
  readonly #waiting: ServerSentEventMessage[] = [];
  /** Set while the response waits for an event. */
  #hungry: ReadableStreamDefaultController<ServerSentEventMessage> | undefined;
  #readyState = OPEN;
  #bufferedAmount = 0;
  #wroteAt = 0;
  #ping: ReturnType<typeof setTimeout> | undefined;

  /** Creates an open stream. */
  constructor(options: SseSocketOptions) {
    this.#options = options;
    const events = new ReadableStream<ServerSentEventMessage>({
      pull: (controller) => this.#pull(controller),
      cancel: () => {
        this.#drop();
        this.#end(CLOSED);
      },
    }, { highWaterMark: 0 });
    this.body = events.pipeThrough(new ServerSentEventStream());
  }

  /** A WebSocket's `readyState`. */
  get readyState(): number {
    return this.#readyState;
  }

  /** What waits, in UTF-16 code units: the messages and their ids. */
  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  /** Sends a frame: each of its messages becomes an event. */
  send(frame: string): void {
    if (this.#readyState !== OPEN) return;
    const value: StreamMessage | StreamMessage[] = JSON.parse(frame);
    if (!Array.isArray(value)) return this.#send(value, frame);
    for (const message of value) this.#send(message, JSON.stringify(message));
  }

  /**
   * Ends the stream with an event that tells the code and the reason. It comes after what waits,
   * but in its place if the client was too slow: that must not hold the memory until it reads.
   */
  close(code: number = CloseCode.GoingAway, reason = ""): void {
    if (this.#readyState !== OPEN) return;
    if (code === CloseCode.PolicyViolation) this.#drop();
    this.#end(CLOSING);
    this.#write(closeEvent(code, reason));
  }

  #send(message: StreamMessage, data: string): void {
    const id = this.#options.position.advance(message);
    this.#write({
      data,
      ...(id === undefined ? {} : { id }),
      // If the server breaks, its clients must not all come back at the same moment.
      ...(message.type === "welcome" ? { retry: retryDelayMs() } : {}),
    });
    this.#options.onMessage(message);
  }

  #write(event: ServerSentEventMessage): void {
    this.#waiting.push(event);
    this.#bufferedAmount += lengthOf(event);
    this.#wroteAt = Date.now();
    if (this.#ping === undefined && this.#readyState === OPEN) {
      this.#watch(this.#options.pingIntervalMs);
    }
    const controller = this.#hungry;
    this.#hungry = undefined;
    if (controller !== undefined) this.#pull(controller);
  }

  #pull(controller: ReadableStreamDefaultController<ServerSentEventMessage>): void {
    const event = this.#waiting.shift();
    if (event !== undefined) {
      this.#bufferedAmount -= lengthOf(event);
      controller.enqueue(event);
    } else if (this.#readyState === OPEN) this.#hungry = controller;
    else controller.close();
  }

  /** Sends a comment whenever the interval is over and all of it was quiet. */
  #watch(waitMs: number): void {
    const { pingIntervalMs } = this.#options;
    this.#ping = setTimeout(() => {
      const quietMs = Math.max(0, Date.now() - this.#wroteAt); // a clock may be set back
      if (quietMs < pingIntervalMs) return this.#watch(pingIntervalMs - quietMs);
      if (this.#waiting.length === 0) this.#write({ comment: "ping" });
      this.#watch(pingIntervalMs);
    }, waitMs);
  }

  #drop(): void {
    this.#waiting.length = 0;
    this.#bufferedAmount = 0;
  }

  #end(state: number): void {
    this.#readyState = state;
    clearTimeout(this.#ping);
    this.#options.onClose();
  }
}

function lengthOf({ data = "", id = "" }: ServerSentEventMessage): number {
  return data.length + String(id).length;
}
