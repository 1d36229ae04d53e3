/**
 * Types of the part of npm `ws` that is used here. The package has no types, and the published ones are out
 * of date.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** Options of a server. */
export interface ServerOptions {
  /** The server does not listen; upgrade requests are passed to it. */
  noServer: true;
  /** Whether the server keeps a set of its sockets. */
  clientTracking: boolean;
  /** Whether to compress. */
  perMessageDeflate: false;
  /** Size of an inbound message, in bytes; more closes with 1009. */
  maxPayload: number;
  /** How long after a close frame the connection is broken, in milliseconds. */
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
  /** The type in which binary frames arrive. Text is always a `Buffer`. */
  binaryType: "arraybuffer";
  /** The same as in browsers. */
  readonly readyState: number;
  /** How much was not passed to the kernel, in bytes. */
  readonly bufferedAmount: number;
  /** Sends a frame. Does nothing once the socket is closing. */
  send(data: Uint8Array, options: { binary: boolean }): void;
  /** Sends a ping. Does nothing once the socket is closing. */
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
