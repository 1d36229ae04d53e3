/**
 * The seam between the live listener and what carries it: a transport hands over a request and,
 * when that is admitted, a socket.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import type { Socket } from "../domain/socket.ts";
import type { Listener } from "./listener.ts";

/** Names of the transports. */
export type TransportName = "deno" | "ws";

/** A request, as its transport hands it over. */
export interface Incoming {
  /** The request. Its signal aborts when the client leaves before it is answered. */
  readonly request: Request;
  /** Address of the peer; that of the proxy if there is one in front. */
  readonly remoteAddress: string;
  /** Resolves once the answer was sent whole, or cannot be. Never rejects. */
  readonly completed: Promise<void>;
  /** Breaks the connection though its peer reads nothing. Absent where that cannot be done. */
  readonly terminate?: () => void;
}

/** Told of what happens to a socket. No verb throws. */
export interface SocketEvents {
  /** A frame has arrived: a string, or an `ArrayBuffer` if it is binary. */
  message?(frame: string | ArrayBuffer): void;
  /** The peer has shown that it lives, with a ping or a pong. */
  seen?(): void;
  /** The peer broke the protocol, and the transport is closing the socket for it. */
  failed?(code: number, reason: string): void;
  /** The socket is gone, with the code and reason of whoever ended it. May be told again. */
  closed(code: number, reason: string): void;
}

/** The answer to an upgrade request that is admitted. */
export interface Upgrade {
  /** Takes the socket, which has just opened. Never throws. */
  open(socket: Socket): SocketEvents;
  /** Called if it does not open in time: its client left just then, and it never will. */
  abandon(): void;
}

/** What becomes of a request. Only an upgrade request may be answered with an upgrade. */
export type Answer = Response | Upgrade;

/** What a transport needs. */
export interface TransportOptions {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Whether other processes may listen on the same port. */
  readonly reusePort: boolean;
  /** A silent peer is pinged after so many milliseconds, and ended after as many. */
  readonly pingIntervalMs: number;
  /** Size of an inbound message, in bytes, past which a transport may end its socket. */
  readonly maxMessageBytes: number;
  /**
   * How long a peer may take to answer a close frame, in milliseconds. Some transports wait for
   * ever.
   */
  readonly closeTimeoutMs: number;
  /** Answers requests. If it throws or rejects, that is logged and answered with 500. */
  readonly handle: (incoming: Incoming) => Promise<Answer> | Answer;
  /** Told of a handler that failed. */
  readonly logger: Logger;
}

/**
 * Starts to listen; resolves once it does.
 *
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export type Transport = (options: TransportOptions) => Promise<Listener>;

/** What listens, for errors and logs. */
export const LISTENER_NAME = "live listener";
