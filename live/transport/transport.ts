/**
 * The seam between the live listener and its HTTP server. A transport delivers requests and, if they are
 * admitted, sockets.
 *
 * @module
 */

import type { Socket } from "../domain/socket.ts";
import type { KeepOptions, Listener } from "./kept_listener.ts";

/** Names of the built-in transports. `none` opens no listener; your own server does. */
export type TransportName = "deno" | "ws" | "none";

/** A request, as a transport delivers it. */
export interface Incoming {
  /** The request. Its signal aborts if the client disconnects before the answer. */
  readonly request: Request;
  /** Address of the peer; that of the proxy if there is one in front. */
  readonly remoteAddress: string;
  /** Resolves once the whole response was sent, or cannot be sent. Never rejects. */
  readonly completed: Promise<void>;
  /** Breaks the TCP connection, even if the peer reads nothing. Absent if the transport cannot do that. */
  readonly terminate?: () => void;
}

/** Receives the events of a socket. No method throws. */
export interface SocketEvents {
  /** A frame has arrived: a string, or an `ArrayBuffer` if it is binary. */
  message?(frame: string | ArrayBuffer): void;
  /** The peer has shown that it is alive, with a ping or a pong. */
  seen?(): void;
  /** The peer broke the protocol, and the transport is closing the socket. */
  failed?(code: number, reason: string): void;
  /**
   * The socket has closed, with the code and reason of the side that closed it. May be called more than
   * once.
   */
  closed(code: number, reason: string): void;
}

/** The answer to an upgrade request that is admitted. The transport calls one of the methods, once. */
export interface Upgrade {
  /** Takes over the socket, which has just opened. Never throws. */
  open(socket: Socket): SocketEvents;
  /** The client disconnected before the upgrade finished; the socket will never open. */
  abandon(): void;
}

/** The answer to a request. Only an upgrade request may be answered with an upgrade. */
export type Answer = Response | Upgrade;

/** What a transport needs. */
export interface TransportOptions extends Omit<KeepOptions, "name" | "usesSpares"> {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Whether other threads may listen on the same port. */
  readonly reusePort: boolean;
  /** A silent peer is pinged after this many milliseconds, and disconnected after as many again. */
  readonly pingIntervalMs: number;
  /** Size of an inbound message above which the transport may close its socket, in bytes. */
  readonly maxMessageBytes: number;
  /**
   * How long a peer may take to answer a close frame before its connection is broken, in
   * milliseconds. A transport that cannot break connections waits without a limit.
   */
  readonly closeTimeoutMs: number;
  /** Answers requests. If it throws or rejects, the error is logged and the client gets 500. */
  readonly handle: (incoming: Incoming) => Promise<Answer> | Answer;
}

/**
 * Starts to listen; resolves once clients can connect.
 *
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export type Transport = (options: TransportOptions) => Promise<Listener>;

/** Name of the listener in errors and logs. */
export const LISTENER_NAME = "live listener";
