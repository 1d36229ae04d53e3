/**
 * A listening HTTP server.
 *
 * @module
 */

/** Where and with what to listen. */
export interface ListenOptions {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Answers requests. Must not reject. */
  readonly handle: Deno.ServeHandler<Deno.NetAddr>;
}

/** A server that is listening. */
export interface Listener {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  /** Stops listening; resolves once no request and no socket is left. */
  shutdown(): Promise<void>;
}

/** Connections that may wait to be accepted: thousands come back at once after a restart. */
const BACKLOG = 4096;

/**
 * Starts to listen.
 *
 * @param name What listens, for the error.
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export function listen(name: string, options: ListenOptions): Listener {
  const { host: hostname, port, handle } = options;
  try {
    const server = Deno.serve({ hostname, port, tcpBacklog: BACKLOG, onListen() {} }, handle);
    return { addr: server.addr, shutdown: () => server.shutdown() };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Deno.errors.AddrInUse(
      `Cannot start the ${name} as the port is taken: ${hostname}:${port}`,
    );
  }
}
