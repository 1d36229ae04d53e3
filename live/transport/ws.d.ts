/**
 * As much of npm `ws` as is used here: it has no types of its own, and those of others lag behind.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** Options of a server. */
export interface ServerOptions {
  /** It takes over upgrade requests one by one, and listens to nothing. */
  noServer: true;
  /** Whether it keeps a set of its sockets. */
  clientTracking: boolean;
  /** Whether to compress. */
  perMessageDeflate: false;
  /** Size of an inbound message, in bytes; more closes with 1009. */
  maxPayload: number;
  /** How long after a close frame the connection is ended, in milliseconds. */
  closeTimeout: number;
}

/** Makes WebSockets of upgrade requests. */
export class WebSocketServer {
  /** Creates a server. */
  constructor(options: ServerOptions);
  /** Answers a request; calls back with the open socket, at once or not at all. */
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (socket: WebSocket) => void,
  ): void;
}

/** A server's side of a WebSocket. */
export class WebSocket {
  /** What a binary frame is handed over as. Text is always a `Buffer`. */
  binaryType: "arraybuffer";
  /** As of the web's WebSockets. */
  readonly readyState: number;
  /** What was not handed to the kernel, in bytes. */
  readonly bufferedAmount: number;
  /** Sends a frame; nothing once it is closing. */
  send(data: Uint8Array, options: { binary: boolean }): void;
  /** Sends a ping; nothing once it is closing. */
  ping(): void;
  /** Begins to close. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
  on(type: "message", listener: (data: Buffer | ArrayBuffer, isBinary: boolean) => void): this;
  on(type: "ping" | "pong", listener: () => void): this;
  on(type: "error", listener: (error: Error & { code?: string }) => void): this;
  on(type: "close", listener: (code: number, reason: Buffer) => void): this;
}
