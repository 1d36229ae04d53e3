/**
 * Adapts a WebSocket of npm `ws` to the seam of the live server.
 *
 * @module
 */

// @ts-types="./ws.d.ts"
import type { WebSocket } from "ws";
import type { Socket } from "../domain/socket.ts";
import type { EncodeFrame } from "./frame_encoder.ts";
import { Heartbeat, type Pingable } from "./heartbeat.ts";
import type { Upgrade } from "./transport.ts";

/** Send options: the bytes are text. */
const TEXT = { binary: false };

/**
 * Close codes that `ws` sends when the peer breaks the protocol (RFC 6455, section 7.4.1), by
 * error.
 */
const CLOSE_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};

/** Close code after any other violation. */
const PROTOCOL_ERROR = 1002;

/** Passes an open WebSocket to the answer that admitted it, and starts its heartbeat. */
export function attach(
  ws: WebSocket,
  answer: Upgrade,
  encode: EncodeFrame,
  pingIntervalMs: number,
): void {
  ws.binaryType = "arraybuffer";
  const socket = new WsSocket(ws, encode);
  const events = answer.open(socket);
  const heartbeat = new Heartbeat(socket, pingIntervalMs);
  const seen = () => {
    heartbeat.seen();
    events.seen?.();
  };
  ws.on("message", (data, isBinary) => {
    heartbeat.seen();
    events.message?.(isBinary ? data as ArrayBuffer : data.toString());
  });
  ws.on("ping", seen);
  ws.on("pong", seen);
  ws.on("error", (error) => {
    if (!error.code?.startsWith("WS_ERR_")) return; // the close event follows
    events.failed?.(CLOSE_CODES[error.code] ?? PROTOCOL_ERROR, error.message);
  });
  ws.on("close", (code, reason) => {
    heartbeat.stop();
    events.closed(code, reason.toString());
  });
}

/** A socket that shares the encoded bytes of a frame with other sockets. */
class WsSocket implements Socket, Pingable {
  readonly #ws: WebSocket;
  readonly #encode: EncodeFrame;
  #sentBytes = 0;

  constructor(ws: WebSocket, encode: EncodeFrame) {
    this.#ws = ws;
    this.#encode = encode;
  }

  get readyState(): number {
    return this.#ws.readyState;
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }

  get drainedBytes(): number {
    return this.#sentBytes - this.bufferedAmount;
  }

  send(frame: string): void {
    const bytes = this.#encode(frame);
    this.#sentBytes += bytes.length;
    this.#ws.send(bytes, TEXT);
  }

  ping(): void {
    this.#ws.ping();
  }

  terminate(): void {
    this.#ws.terminate();
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }
}
