/**
 * The server of the transport `ws`: accepts TCP connections, and tracks the state of each.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { BACKLOG, portTaken } from "./listener.ts";
import type { Acceptor } from "./kept_listener.ts";
import { LISTENER_NAME, type TransportOptions } from "./transport.ts";
import { createExchange } from "./ws_exchange.ts";

/** Bounds of what a client can use before it is authenticated. */
export interface WsLimits {
  /** Size of a request's head, in bytes; a larger one is answered with 431. */
  readonly headerBytes: number;
  /**
   * How long a client may take to send a request's head, in milliseconds; a slower one is answered with
   * 408. Without this limit, a few clients that send a byte now and then could occupy every file descriptor
   * (Slowloris, CWE-400).
   */
  readonly headersTimeoutMs: number;
  /** How long a client may take to send the whole request, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** How often to check for clients that took too long, in milliseconds. */
  readonly checkIntervalMs: number;
  /**
   * How many connections may have sent no request. If there are more, the oldest are broken, so that
   * connections that never send anything do not use up the file descriptors (CWE-770).
   */
  readonly idleConnections: number;
  /**
   * A connection younger than this is not broken, in milliseconds. After a restart thousands connect at
   * once, and all are accepted before the first request is read.
   */
  readonly idleGraceMs: number;
  /** How long a client may stop reading an answer before it is disconnected, in milliseconds. */
  readonly idleTimeoutMs: number;
}

/**
 * Limits of a server on the open internet. A session cookie has at most 4,096 bytes, and Directus itself
 * accepts no larger heads. Ten seconds are enough for a head over any network that can carry a live page.
 * No route reads a body, so few requests have one.
 */
export const WS_LIMITS: WsLimits = {
  headerBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  checkIntervalMs: 1_000,
  idleConnections: 1_024,
  idleGraceMs: 2_000,
  idleTimeoutMs: 60_000,
};

/** After this many new connections, the server checks whether enough descriptors are free. */
const PROBE_EVERY = 16;

/** How often it also checks, in milliseconds. */
const PROBE_INTERVAL_MS = 1_000;

/**
 * A server of node:http that can stop accepting, and accept again.
 *
 * At the limit of file descriptors, node:http stops accepting for ever, without an event. So the server
 * checks in advance: when few are free, it breaks the connections that have sent no request and stops
 * listening.
 */
export class WsServer implements Acceptor {
  readonly #options: TransportOptions;
  readonly #limits: WsLimits;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /**
   * Idle sockets, each with the time since when it is idle, in milliseconds: since it connected, or since
   * its last request was answered. The oldest comes first.
   */
  readonly #idle = new Map<Socket, number>();
  #failure = Promise.withResolvers<unknown>();
  #probe: ReturnType<typeof setInterval> | undefined;
  #connections = 0;

  /** Creates a server that does not listen yet. */
  constructor(options: TransportOptions, limits: WsLimits) {
    this.#options = options;
    this.#limits = limits;
    this.#server = createServer({
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    });
    // A stream of events is silent between two comments.
    this.#server.setTimeout(Math.max(limits.idleTimeoutMs, 3 * options.pingIntervalMs));
    this.#server.on("connection", (socket) => this.#accept(socket));
    this.#handleRequests();
  }

  get addr(): Deno.NetAddr {
    const { address: hostname, port } = this.#server.address() as AddressInfo;
    return { transport: "tcp", hostname, port };
  }

  get failed(): Promise<unknown> {
    return this.#failure.promise;
  }

  /**
   * Starts to listen; also used to listen again after a failure.
   *
   * @throws {Deno.errors.AddrInUse} If the port is taken.
   */
  async listen(port: number): Promise<void> {
    const { host, reusePort } = this.#options;
    this.#server.listen({ host, port, reusePort, backlog: BACKLOG });
    try {
      await once(this.#server, "listening");
    } catch (error) {
      const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      throw isTaken ? portTaken(LISTENER_NAME, { host, port }) : error;
    }
    this.#failure = Promise.withResolvers();
    this.#server.once("error", (error) => this.#fail(error));
    this.#probe = setInterval(() => this.#lookAhead(), PROBE_INTERVAL_MS);
  }

  async shutdown(): Promise<void> {
    clearInterval(this.#probe);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    // Browsers open connections in advance. Node would wait until they send a request.
    for (const socket of this.#idle.keys()) socket.destroySoon();
    await promise;
  }

  async abort(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.shutdown();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    this.#idle.set(socket, performance.now());
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#idle.delete(socket);
    });
    this.#breakOldest();
    if (++this.#connections % PROBE_EVERY === 0) this.#lookAhead();
  }

  /** Breaks the oldest idle connections while there are too many. */
  #breakOldest(): void {
    const { idleConnections, idleGraceMs } = this.#limits;
    const before = performance.now() - idleGraceMs;
    for (const [socket, since] of this.#idle) {
      if (this.#idle.size <= idleConnections || since > before) return;
      this.#idle.delete(socket);
      socket.destroy();
    }
  }

  #handleRequests(): void {
    const { onRequest, onUpgrade } = createExchange(this.#options);
    this.#server.on("request", (message, outgoing) => {
      const { socket } = message;
      this.#idle.delete(socket);
      outgoing.once("close", () => {
        if (!this.#server.listening) socket.destroySoon();
        else if (!socket.destroyed) this.#idle.set(socket, performance.now());
      });
      onRequest(message, outgoing);
    });
    this.#server.on("upgrade", (message, socket, head) => {
      // An upgrade that follows a request without waiting for the answer (RFC 9112, section 9.3.2)
      // would take the connection away from that answer, and then belong to nothing (CWE-772).
      if (!this.#idle.delete(message.socket)) return void socket.destroy();
      onUpgrade(message, socket, head).catch((error) => {
        this.#options.logger.error("upgrade failed", { listener: LISTENER_NAME, error });
        socket.destroy();
      });
    });
  }

  /** Stops accepting before the descriptors run out. */
  #lookAhead(): void {
    const { spares } = this.#options;
    if (this.#server.listening && spares?.hasRoom() === false) {
      this.#fail(new Error("too many open files"));
    }
  }

  #fail(error: unknown): void {
    clearInterval(this.#probe);
    this.#server.close();
    for (const socket of this.#idle.keys()) socket.destroy();
    this.#failure.resolve(error);
  }
}
