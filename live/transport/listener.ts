/**
 * A listening HTTP server.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Logger } from "../domain/logger.ts";
import { emptyResponse } from "./responses.ts";

/** Where and with what to listen. */
export interface ListenOptions {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Whether other processes may listen on the same port; the system shares out the clients. */
  readonly reusePort?: boolean;
  /** Answers requests. If it throws or rejects, that is logged and answered with 500. */
  readonly handle: Deno.ServeHandler<Deno.NetAddr>;
  /** Told of a handler that failed. */
  readonly logger: Logger;
}

/** A server that is listening. */
export interface Listener {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  /** Stops listening; resolves once no request and no socket is left. */
  shutdown(): Promise<void>;
  /**
   * Stops listening and breaks every TCP connection, whether its peer reads or not; resolves once
   * they are gone where that can be known, else at once. Not to be called after `shutdown`.
   */
  abort(): Promise<void>;
}

/** Connections that may wait to be accepted: thousands come back at once after a restart. */
export const BACKLOG = 4096;

/**
 * Starts to listen.
 *
 * @param name What listens, for the error.
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
    return {
      addr: server.addr,
      shutdown: () => server.shutdown(),
      abort() {
        controller.abort();
        return Promise.resolve(); // a WebSocket whose peer reads nothing keeps it from finishing
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

/** Returns a free port. Somebody else may take it before it is used. */
export function takeFreePort(hostname = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}
