/**
 * A stream of server-sent events in the place of a WebSocket.
 *
 * @module
 */

import { CloseCode } from "../domain/close_codes.ts";
import { QuietTimer } from "../domain/quiet_timer.ts";
import type { Socket } from "../domain/socket.ts";
import { closeEvent } from "./sse_events.ts";

/** What a stream needs. */
export interface SseSocketOptions {
  /** After this many quiet milliseconds a comment is sent, so that proxies keep the stream. */
  readonly pingIntervalMs: number;
  /** Encodes frames. */
  readonly encode: (frame: string) => Uint8Array;
  /** Called when nothing can be sent any more, perhaps twice. */
  readonly onClose: () => void;
}

/** States of a WebSocket, which this one has as well. */
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** A comment, which clients ignore. */
const PING = ": ping\n\n";

/**
 * Creates what encodes frames for all streams. It remembers the last frame: a broadcast sends one
 * frame to all streams at a position.
 */
export function createFrameEncoder(): (frame: string) => Uint8Array {
  const encoder = new TextEncoder();
  let last = "";
  let bytes = new Uint8Array();
  return (frame) => {
    if (frame !== last) {
      last = frame;
      bytes = encoder.encode(frame);
    }
    return bytes;
  };
}

/**
 * Sends a connection's frames as the body of a response. What the response has not taken yet waits
 * here, and counts as buffered.
 *
 * Deno cannot end a response whose peer reads nothing: it looks at the stream again only when
 * there is room, so breaking the stream has no effect. But what waits for a client that was too
 * slow can be dropped, and is.
 */
export class SseSocket implements Socket {
  /** The response's body. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;

  readonly #options: SseSocketOptions;
  readonly #waiting: string[] = [];
  readonly #quiet: QuietTimer;
  /** Set while the response waits for a frame. */
  #pulling: ReadableStreamDefaultController<Uint8Array> | undefined;
  #readyState = OPEN;
  #bufferedAmount = 0;

  /** Creates an open stream. */
  constructor(options: SseSocketOptions) {
    this.#options = options;
    this.#quiet = new QuietTimer(options.pingIntervalMs, () => {
      if (this.#waiting.length === 0) this.#write(PING);
    });
    this.body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => this.#pull(controller),
      cancel: () => {
        this.#drop();
        this.#end(CLOSED);
      },
    }, { highWaterMark: 0 });
  }

  /** A WebSocket's `readyState`. */
  get readyState(): number {
    return this.#readyState;
  }

  /** What waits, in UTF-16 code units. */
  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  /** Sends a frame: the text of one or several events. */
  send(frame: string): void {
    if (this.#readyState === OPEN) this.#write(frame);
  }

  /**
   * Ends the stream with an event that carries the code and the reason. It follows what waits, or
   * takes its place if the client was too slow: otherwise what waits would fill the memory until the
   * client reads.
   */
  close(code: number = CloseCode.GoingAway, reason = ""): void {
    if (this.#readyState !== OPEN) return;
    if (code === CloseCode.PolicyViolation) this.#drop();
    this.#end(CLOSING);
    this.#write(closeEvent(code, reason));
  }

  #write(frame: string): void {
    this.#waiting.push(frame);
    this.#bufferedAmount += frame.length;
    this.#quiet.active();
    const controller = this.#pulling;
    this.#pulling = undefined;
    if (controller !== undefined) this.#pull(controller);
  }

  #pull(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const frame = this.#waiting.shift();
    if (frame !== undefined) {
      this.#bufferedAmount -= frame.length;
      controller.enqueue(this.#options.encode(frame));
    } else if (this.#readyState === OPEN) this.#pulling = controller;
    else controller.close();
  }

  #drop(): void {
    this.#waiting.length = 0;
    this.#bufferedAmount = 0;
  }

  #end(state: number): void {
    this.#readyState = state;
    this.#quiet.stop();
    this.#options.onClose();
  }
}
