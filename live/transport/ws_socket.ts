/**
 * A WebSocket of npm `ws` as the live listener takes it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
// @ts-types="./ws.d.ts"
import type { WebSocket } from "ws";
import type { Socket } from "../domain/socket.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Upgrade } from "./transport.ts";

/** Returns a frame's bytes. Who asks for the same frame again gets the same bytes. */
export type Encode = (frame: string) => Uint8Array;

/** Says that bytes are text. */
const TEXT = { binary: false };

/** What `ws` closes with at a fault of the peer (RFC 6455, section 7.4.1), by its error's code. */
const CLOSE_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};

/** The code at every other fault. */
const PROTOCOL_ERROR = 1002;

/**
 * Creates what encodes frames. It remembers the last one: a broadcast sends one frame to all, and
 * `ws` keeps references to it, so that it is in memory once though a thousand do not read.
 */
export function createEncoder(): Encode {
  let last = "";
  let bytes: Uint8Array = Buffer.alloc(0);
  return (frame) => {
    if (frame !== last) {
      last = frame;
      bytes = Buffer.from(frame);
    }
    return bytes;
  };
}

/** Hands a WebSocket that has opened to who admitted it, and looks after its heartbeat. */
export function attach(
  ws: WebSocket,
  { open }: Upgrade,
  encode: Encode,
  pingIntervalMs: number,
): void {
  ws.binaryType = "arraybuffer";
  const events = open(new WsSocket(ws, encode));
  const heartbeat = new Heartbeat(ws, pingIntervalMs);
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
    if (!error.code?.startsWith("WS_ERR_")) return; // told by the close event that follows
    events.failed?.(CLOSE_CODES[error.code] ?? PROTOCOL_ERROR, error.message);
  });
  ws.on("close", (code, reason) => {
    heartbeat.stop();
    events.closed(code, reason.toString());
  });
}

/** A socket whose frames are encoded once for all. */
class WsSocket implements Socket {
  readonly #ws: WebSocket;
  readonly #encode: Encode;

  constructor(ws: WebSocket, encode: Encode) {
    this.#ws = ws;
    this.#encode = encode;
  }

  get readyState(): number {
    return this.#ws.readyState;
  }

  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }

  send(frame: string): void {
    this.#ws.send(this.#encode(frame), TEXT);
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }
}
