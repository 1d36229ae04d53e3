/**
 * A listening HTTP server.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Logger } from "../domain/logger.ts";
import { emptyResponse } from "./responses.ts";

/** Where to listen, and what answers requests. */
export interface ListenOptions {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Whether other processes may listen on the same port; the kernel distributes the clients. */
  readonly reusePort?: boolean;
  /** Answers requests. If it throws or rejects, the error is logged and the client gets 500. */
  readonly handle: Deno.ServeHandler<Deno.NetAddr>;
  /** Logs errors of `handle`. */
  readonly logger: Logger;
}

/** A server that is listening. Both ways to stop may be called more than once. */
export interface Listener {
  /** The address it listens on. */
  readonly addr: Deno.NetAddr;
  /** Stops listening; resolves once no request is in flight and no connection is left. */
  shutdown(): Promise<void>;
  /**
   * Stops listening and breaks every TCP connection; resolves once they are gone. Deno's own server
   * keeps the connection of a WebSocket whose peer reads nothing, and breaks none once `shutdown` was
   * called: then this may never resolve.
   */
  abort(): Promise<void>;
}

/** Connections that may wait to be accepted: thousands reconnect at once after a restart. */
export const BACKLOG = 4096;

/**
 * Starts to listen.
 *
 * @param name Name of the listener, for errors and logs.
 * @param options Where to listen, and what answers requests.
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export function listen(name: string, options: ListenOptions): Listener {
  const { host: hostname, port, reusePort = false, handle, logger } = options;
  const onError = (error: unknown) => {
    logger.error("request failed", { listener: name, error });
    return emptyResponse(STATUS_CODE.InternalServerError);
  };
  const controller = new AbortController();
  const { signal } = controller;
  try {
    const server = Deno.serve(
      { hostname, port, reusePort, signal, tcpBacklog: BACKLOG, onListen() {}, onError },
      handle,
    );
    let isShuttingDown = false;
    return {
      addr: server.addr,
      shutdown() {
        isShuttingDown = true;
        return server.shutdown();
      },
      abort() {
        if (!isShuttingDown) controller.abort(); // Deno throws after a shutdown
        return server.finished;
      },
    };
  } catch (error) {
    throw error instanceof Deno.errors.AddrInUse ? portTaken(name, options) : error;
  }
}

/** Returns the error of a listener whose port is taken. */
export function portTaken(
  name: string,
  { host, port }: Pick<ListenOptions, "host" | "port">,
): Error {
  return new Deno.errors.AddrInUse(
    `Cannot start the ${name} as the port is taken: ${host}:${port}`,
  );
}

/** Returns a free port. Another program may take it before it is used. */
export function takeFreePort(hostname = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}
