/**
 * A stream of server-sent events, with the interface of a WebSocket.
 *
 * @module
 */

import { CloseCode } from "../domain/close_codes.ts";
import { QuietTimer } from "../domain/quiet_timer.ts";
import type { Socket } from "../domain/socket.ts";
import type { EncodeFrame } from "../transport/frame_encoder.ts";
import { closeEvent } from "./sse_events.ts";

/** What a stream needs. */
export interface SseSocketOptions {
  /**
   * A comment is sent after this many milliseconds of silence, so that proxies keep the stream
   * open.
   */
  readonly pingIntervalMs: number;
  /** Encodes frames. */
  readonly encode: EncodeFrame;
  /** Called when nothing more can be sent. May be called again. */
  readonly onClose: () => void;
}

/** The two states of a WebSocket that a stream has. */
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** A comment, which clients ignore. */
const PING = ": ping\n\n";

/**
 * Sends a connection's frames as the body of a response. Frames that the response has not taken yet
 * wait here, and count as buffered.
 *
 * Deno cannot end a response whose peer reads nothing. It reads the stream again only when there is room,
 * so an error in the stream has no effect. When a client was too slow, its waiting frames are dropped, so
 * that they do not occupy memory until it reads.
 */
export class SseSocket implements Socket {
  /** The response's body. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;

  readonly #options: SseSocketOptions;
  readonly #waiting: string[] = [];
  readonly #quiet: QuietTimer;
  /** Set while the response is waiting for a frame. */
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

  /** Length of the waiting frames, in UTF-16 code units. */
  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  /** Sends a frame: the text of one or several events. */
  send(frame: string): void {
    if (this.#readyState === OPEN) this.#write(frame);
  }

  /**
   * Ends the stream with an event that carries the code and the reason. It follows the waiting
   * frames, or replaces them if the client was too slow.
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
