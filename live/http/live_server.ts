/**
 * The live server: with its own listener, or as a handler in your server; and the drain.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { Deadline } from "../domain/deadline.ts";
import { Lifecycle } from "../domain/lifecycle.ts";
import { silentLogger } from "../domain/logger.ts";
import { denoIncoming, denoResponse } from "../transport/deno_exchange.ts";
import type { Listener } from "../transport/kept_listener.ts";
import { emptyResponse } from "../transport/responses.ts";
import { LISTENER_NAME } from "../transport/transport.ts";
import { transports } from "../transport/transports.ts";
import { LiveHandler } from "./live_handler.ts";
import { type LiveServerDeps, withDefaults } from "./live_options.ts";

/** The result of a drain. */
export interface DrainResult {
  /** Number of sockets and streams that did not close in time, so that their connections were broken. */
  readonly stragglers: number;
}

/** Serves clients, on its own listener or in your server. */
export interface LiveServer {
  /**
   * Starts to listen; resolves to the address once clients can connect.
   *
   * @throws {Deno.errors.AddrInUse} If the port is taken.
   * @throws {TypeError} If it was started or stopped before.
   */
  start(): Promise<Deno.NetAddr>;
  /**
   * Answers a request of a `Deno.serve` of your own, for the transport `none`: upgrades at any path,
   * `/sse` and the files of the client below `/live/`. Returns `undefined` for any other request.
   *
   * @example
   * ```ts ignore
   * const live = createLiveServer({ sessions, options: { transport: "none" } });
   * await live.start();
   * Deno.serve((request, info) => live.handler(request, info) ?? new Response("Hello"));
   * ```
   */
  readonly handler: (
    request: Request,
    info: Deno.ServeHandlerInfo,
  ) => Promise<Response> | undefined;
  /**
   * Refuses new clients, closes every connection with 1001, waits until they are gone and stops listening.
   * If a start is under way, the stop waits for it. At the deadline it breaks the connections that are
   * left. Two kinds cannot be broken: Deno's own WebSockets whose peers read nothing, which stay until the
   * process ends, and connections of the transport `none`. Calling it again returns the first call's
   * promise.
   */
  stop(timeoutMs?: number): Promise<DrainResult>;
  /** Whether it is listening and not draining. */
  readonly accepting: boolean;
  /**
   * Why it should get no more clients: it cannot accept any for now, or too many sockets were closed and
   * are not gone. `undefined` if it may get more.
   */
  readonly strain: string | undefined;
}

/**
 * How many sockets may be closed but not gone, as a fraction of `maxConnections`. Beyond it the server
 * counts as overloaded.
 */
const MAX_CLOSING_SHARE = 0.1;

/** How long to wait for broken connections to disappear, in milliseconds. */
const ABORT_TIMEOUT_MS = 100;

/** Creates a live server. It neither listens nor runs a timer before its first client. */
export function createLiveServer(deps: LiveServerDeps): LiveServer {
  const options = withDefaults(deps.options);
  const { logger = silentLogger, spares, onLost } = deps;
  const live = new LiveHandler(deps, options);
  let listener: Listener | undefined;
  const lifecycle = new Lifecycle<Deno.NetAddr, DrainResult>({
    name: LISTENER_NAME,
    async open() {
      const { transport } = options;
      const listen = typeof transport === "function" ? transport : transports[transport];
      listener = await listen({
        ...options,
        handle: (incoming) => live.answer(incoming) ?? emptyResponse(STATUS_CODE.NotFound),
        spares,
        onLost,
        logger,
      });
      const { hostname: host, port } = listener.addr;
      logger.info(`${LISTENER_NAME} started`, { host, port });
      return listener.addr;
    },
    async close(timeoutMs = options.drainTimeoutMs) {
      logger.info("draining", { connections: live.connections, timeoutMs });
      using deadline = new Deadline(timeoutMs);
      const isClosed = await live.drain(deadline) && await deadline.wait(listener?.shutdown());
      const stragglers = live.closing;
      if (stragglers > 0) logger.warn("gave up on sockets that do not close", { stragglers });
      if (!isClosed) await abort(listener);
      return { stragglers };
    },
  });

  return {
    get accepting() {
      return listener !== undefined && !lifecycle.stopped;
    },
    get strain() {
      if (listener?.trouble !== undefined) return listener.trouble;
      const { closing } = live;
      if (closing <= MAX_CLOSING_SHARE * options.maxConnections) return undefined;
      return `${closing} sockets were closed and are not gone`;
    },
    start: () => lifecycle.start(),
    stop: (timeoutMs) => lifecycle.stop(timeoutMs),
    handler(request, info) {
      const incoming = denoIncoming(request, info);
      const { pingIntervalMs } = options;
      return live.answer(incoming)?.then((answer) => denoResponse(request, answer, pingIntervalMs));
    },
  };
}

/** Breaks all connections of a listener. Gives up on connections that cannot be broken. */
async function abort(listener: Listener | undefined): Promise<void> {
  using deadline = new Deadline(ABORT_TIMEOUT_MS);
  await deadline.wait(listener?.abort());
}
