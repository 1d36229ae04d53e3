/**
 * The transport `ws`: node:http and npm `ws`, for servers that face the open internet without a
 * proxy. It bounds what a client can occupy before it is authenticated, and can break any
 * connection.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { BACKLOG, type Listener, portTaken } from "./listener.ts";
import { LISTENER_NAME, type TransportOptions } from "./transport.ts";
import { createExchange } from "./ws_exchange.ts";

/** Bounds on what a client can occupy before it is authenticated. */
export interface WsLimits {
  /** Size of a request's head, in bytes; a larger one is answered with 431. */
  readonly headerBytes: number;
  /**
   * How long a client may take to send a request's head, in milliseconds; a slower one is answered
   * with 408. Without this limit a few clients that send a byte now and then hold every file
   * descriptor (Slowloris, CWE-400).
   */
  readonly headersTimeoutMs: number;
  /** How long a client may take to send the whole request, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** How often to check for clients that took too long, in milliseconds. */
  readonly checkIntervalMs: number;
}

/**
 * Limits of a server on the open internet. Directus, which runs on Node.js, accepts no larger heads
 * either, and a session cookie has at most 4,096 bytes. Ten seconds are enough for a head over any
 * network that can carry a live page. No route reads a body, so few requests have one.
 */
export const WS_LIMITS: WsLimits = {
  headerBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  checkIntervalMs: 1_000,
};

/**
 * Starts to listen with node:http.
 *
 * @param options Where to listen, and what answers requests.
 * @param limits Bounds on what a client can occupy before it is authenticated.
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export async function listenOnWs(
  options: TransportOptions,
  limits: WsLimits = WS_LIMITS,
): Promise<Listener> {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
  });
  const { onRequest, onUpgrade } = createExchange(options);
  const sockets = new Set<Socket>();
  /** Sockets that are answering a request, or were upgraded. */
  const busy = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      busy.delete(socket);
    });
  });
  server.on("request", (message, outgoing) => {
    const { socket } = message;
    busy.add(socket);
    outgoing.once("close", () => {
      busy.delete(socket);
      if (!server.listening) socket.destroySoon();
    });
    onRequest(message, outgoing);
  });
  server.on("upgrade", (message, socket, head) => {
    busy.add(message.socket);
    onUpgrade(message, socket, head);
  });
  await start(server, options);
  const { address: hostname, port } = server.address() as AddressInfo;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.once("close", resolve); // once no connection is left

  function shutdown(): Promise<void> {
    server.close();
    // Browsers open connections in advance. Node would wait for their first request.
    for (const socket of sockets) if (!busy.has(socket)) socket.destroySoon();
    return closed;
  }

  return {
    addr: { transport: "tcp", hostname, port },
    shutdown,
    abort() {
      for (const socket of sockets) socket.destroy();
      return shutdown();
    },
  };
}

async function start(server: Server, options: TransportOptions): Promise<void> {
  const { host, port, reusePort } = options;
  server.listen({ host, port, reusePort, backlog: BACKLOG });
  try {
    await once(server, "listening");
  } catch (error) {
    const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    throw isTaken ? portTaken(LISTENER_NAME, options) : error;
  }
}
