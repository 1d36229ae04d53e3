/**
 * The transport `ws`: node:http and npm `ws`, for servers that face the open internet without a
 * proxy. It bounds what a client may take before it is known, and can end any connection.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { BACKLOG, type Listener, portTaken } from "./listener.ts";
import { LISTENER_NAME, type TransportOptions } from "./transport.ts";
import { createExchange } from "./ws_exchange.ts";

/** What a client may take before it is known. */
export interface WsLimits {
  /** What a request's head may hold, in bytes; more is answered with 431. */
  readonly headerBytes: number;
  /**
   * How long a client may take to send a request's head, in milliseconds; more is answered with
   * 408. Without it a few clients that send a byte now and then hold every descriptor (Slowloris,
   * CWE-400).
   */
  readonly headersTimeoutMs: number;
  /** How long it may take for the whole request, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** How often to look for who takes longer, in milliseconds. */
  readonly checkIntervalMs: number;
}

/**
 * The limits of a server on the open internet. Directus, which runs on Node.js, takes no larger
 * heads either, and a session cookie has at most 4,096 bytes. Ten seconds are enough for a head
 * over any network that can carry a live page; no route reads a body, so few requests have one.
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
 * @param options Where, and who answers.
 * @param limits What a client may take before it is known.
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
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const { onRequest, onUpgrade } = createExchange(options);
  server.on("request", onRequest);
  server.on("upgrade", onUpgrade);
  await start(server, options);
  const { address: hostname, port } = server.address() as AddressInfo;
  return {
    addr: { transport: "tcp", hostname, port },
    shutdown: () => stop(server),
    abort() {
      for (const socket of sockets) socket.destroy();
      return stop(server);
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

/** Stops listening; resolves once no connection is left. */
async function stop(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  await closed;
}
