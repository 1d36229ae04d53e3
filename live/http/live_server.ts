/**
 * The live server: a listener of its own, or a handler in a server of yours, and the drain.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { Deadline } from "../domain/deadline.ts";
import { silentLogger } from "../domain/logger.ts";
import { denoIncoming, denoResponse } from "../transport/deno_exchange.ts";
import type { Listener } from "../transport/listener.ts";
import { emptyResponse } from "../transport/responses.ts";
import { LISTENER_NAME } from "../transport/transport.ts";
import { transports } from "../transport/transports.ts";
import { LiveHandler } from "./live_handler.ts";
import { LIVE_DEFAULTS, type LiveServerDeps } from "./live_options.ts";

/** The result of a drain. */
export interface DrainResult {
  /** Sockets and streams whose peers did not let go in time; their connections were broken. */
  readonly stragglers: number;
}

/** Serves clients, on a listener of its own or in a server of yours. */
export interface LiveServer {
  /**
   * Starts to listen; resolves to the address once clients can connect.
   *
   * @throws {Deno.errors.AddrInUse} If the port is taken. You can start again, or stop.
   * @throws {TypeError} If it was started or stopped before.
   * @throws {DOMException} An `AbortError` if it is stopped meanwhile; nothing listens then.
   */
  start(): Promise<Deno.NetAddr>;
  /**
   * Answers a request of a `Deno.serve` of your own, where you need no `start()`: upgrades at any
   * path, `/sse` and `/live/client.js`. Returns `undefined` for any other request.
   *
   * @example
   * ```ts ignore
   * Deno.serve((request, info) => live.handler(request, info) ?? new Response("Hello"));
   * ```
   */
  readonly handler: (
    request: Request,
    info: Deno.ServeHandlerInfo,
  ) => Promise<Response> | undefined;
  /**
   * Refuses new clients, closes every connection with 1001, waits until they are gone and stops
   * listening. At the deadline it breaks the connections that are left. Two kinds stay: Deno's own
   * WebSockets whose peers read nothing, until the process ends, and those of a server of yours.
   * Calling it again returns the first call's promise.
   */
  stop(timeoutMs?: number): Promise<DrainResult>;
  /** Whether it is listening and not draining. */
  readonly accepting: boolean;
  /** Why it should get no more clients: too many closed sockets are not gone. */
  readonly strain: string | undefined;
}

/** Closed sockets that are not gone, as a share of the connections that are allowed. */
const MAX_CLOSING_SHARE = 0.1;

/** How long to wait for broken connections to disappear, in milliseconds. */
const ABORT_TIMEOUT_MS = 100;

/** Creates a live server. It neither listens nor runs a timer before its first client. */
export function createLiveServer(deps: LiveServerDeps): LiveServer {
  const options = { ...LIVE_DEFAULTS, ...deps.options };
  const { logger = silentLogger } = deps;
  const live = new LiveHandler(deps, options);
  let started: Promise<Deno.NetAddr> | undefined;
  let listener: Listener | undefined;
  let draining: Promise<DrainResult> | undefined;

  async function listen(): Promise<Deno.NetAddr> {
    const { transport } = options;
    const startListening = typeof transport === "function" ? transport : transports[transport];
    const opened = await startListening({
      ...options,
      handle: (incoming) => live.answer(incoming) ?? emptyResponse(STATUS_CODE.NotFound),
      logger,
    });
    if (draining !== undefined) {
      await abort(opened);
      throw new DOMException(`The ${LISTENER_NAME} was stopped during its start`, "AbortError");
    }
    listener = opened;
    const { hostname: host, port } = opened.addr;
    logger.info(`${LISTENER_NAME} started`, { host, port });
    return opened.addr;
  }

  async function drain(timeoutMs: number): Promise<DrainResult> {
    logger.info("draining", { connections: live.connections, timeoutMs });
    using deadline = new Deadline(timeoutMs);
    const drained = live.drain(deadline);
    await deadline.wait(started?.catch(() => {})); // a start under way closes what it opens
    const isClosed = await drained && await deadline.wait(listener?.shutdown());
    const stragglers = live.closing;
    if (stragglers > 0) logger.warn("gave up on sockets that do not close", { stragglers });
    if (!isClosed && listener !== undefined) await abort(listener);
    return { stragglers };
  }

  return {
    get accepting() {
      return listener !== undefined && draining === undefined;
    },
    get strain() {
      const { closing } = live;
      if (closing <= MAX_CLOSING_SHARE * options.maxConnections) return undefined;
      return `${closing} sockets were closed and are not gone`;
    },
    async start() {
      if (draining !== undefined) {
        throw new TypeError(`Cannot start the ${LISTENER_NAME} after it was stopped`);
      }
      if (started !== undefined) throw new TypeError(`Cannot start the ${LISTENER_NAME} twice`);
      started = listen();
      try {
        return await started;
      } catch (error) {
        started = undefined;
        throw error;
      }
    },
    handler(request, info) {
      const incoming = denoIncoming(request, info);
      const { pingIntervalMs } = options;
      return live.answer(incoming)?.then((answer) => denoResponse(request, answer, pingIntervalMs));
    },
    stop(timeoutMs = options.drainTimeoutMs) {
      return draining ??= drain(timeoutMs);
    },
  };
}

/** Breaks all connections of a listener; gives up on those that cannot be broken. */
async function abort(listener: Listener): Promise<void> {
  using deadline = new Deadline(ABORT_TIMEOUT_MS);
  await deadline.wait(listener.abort());
}
