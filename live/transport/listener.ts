/**
 * A listening HTTP server.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { type Acceptor, type KeepOptions, KeptListener, type Listener } from "./kept_listener.ts";
import { emptyResponse } from "./responses.ts";

/** Where to listen, and what answers requests. */
export interface ListenOptions extends Omit<KeepOptions, "name"> {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Whether other threads may listen on the same port; the kernel distributes the clients. */
  readonly reusePort?: boolean;
  /** Answers requests. If it throws or rejects, the error is logged and the client gets 500. */
  readonly handle: Deno.ServeHandler<Deno.NetAddr>;
}

/**
 * How many connections may wait to be accepted. It is large because thousands reconnect at once after a
 * restart.
 */
export const BACKLOG = 4096;

/**
 * Starts to listen.
 *
 * @param name Name of the listener, for errors and logs.
 * @param options Where to listen, and what answers requests.
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export function listen(name: string, options: ListenOptions): Listener {
  const open = (port: number) => openServer(name, { ...options, port });
  return new KeptListener(open(options.port), open, { ...options, name });
}

function openServer(name: string, options: ListenOptions): Acceptor {
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
      failed: new Promise((resolve) => server.finished.catch(resolve)),
      shutdown() {
        isShuttingDown = true;
        return server.shutdown();
      },
      abort() {
        if (!isShuttingDown) controller.abort(); // Deno throws after a shutdown
        return server.finished.catch(() => {}); // `failed` reports the error
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
