/**
 * The live listener: Deno.serve, its WebSockets and its streams of events.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Authority } from "../domain/authority.ts";
import { CloseCode } from "../domain/close_codes.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import { type Metrics, silentMetrics } from "../domain/metrics.ts";
import { Registry } from "../hub/registry.ts";
import { Sweep } from "../hub/sweep.ts";
import type { SessionFactory } from "../session/session.ts";
import { Admission, type Admitted } from "./admission.ts";
import { clientFile } from "./client_file.ts";
import { Clients } from "./clients.ts";
import { Deadline } from "./deadline.ts";
import { addressOf, checkHandshake, hasLeft, isUpgrade } from "./handshake.ts";
import { LIVE_DEFAULTS, type LiveServerOptions } from "./live_options.ts";
import { listen, type Listener } from "./listener.ts";
import { createRefuser, retryDelayMs } from "./refusal.ts";
import { emptyResponse } from "./responses.ts";
import { allowOrigin, checkStream, isStream, openStream, type SseOptions } from "./sse.ts";

/** What the live listener works with. */
export interface LiveServerDeps {
  /** Bounds and addresses. */
  readonly options?: LiveServerOptions;
  /** Creates what handles a connection's messages. */
  readonly sessions: SessionFactory;
  /** Says who a session is; without one everybody may connect, as nobody. */
  readonly authority?: Authority | undefined;
  /** Name of this instance, told in `welcome`. @default {"local"} */
  readonly instanceId?: string;
  /** Takes the counts. @default {silentMetrics} */
  readonly metrics?: Metrics;
  /** Takes the log. @default {silentLogger} */
  readonly logger?: Logger;
}

/** What came of a drain. */
export interface DrainResult {
  /** Sockets and streams whose peer did not let go in time. */
  readonly stragglers: number;
}

/** The live listener. */
export interface LiveServer {
  /**
   * Starts to listen; resolves to the address once it does.
   *
   * @throws {Deno.errors.AddrInUse} If the port is taken.
   */
  start(): Promise<Deno.NetAddr>;
  /**
   * Refuses newcomers, closes every connection with 1001, waits until they are gone and stops
   * listening. Gives up on stragglers at the deadline, and breaks their TCP connections; what a
   * WebSocket's peer does not read stays until the process ends. Calling it again returns the
   * first call's promise.
   */
  stop(timeoutMs?: number): Promise<DrainResult>;
  /** Whether it is listening and not draining. */
  readonly accepting: boolean;
}

/**
 * How long a place is kept for a socket that was upgraded and has not opened, in milliseconds.
 * If its client left just then, Deno tells nothing, ever.
 */
const OPEN_TIMEOUT_MS = 5_000;

/** Creates the live listener. It listens to nothing before {@linkcode LiveServer.start}. */
export function createLiveServer(deps: LiveServerDeps): LiveServer {
  const options = { ...LIVE_DEFAULTS, ...deps.options };
  const { sessions, authority, instanceId = "local" } = deps;
  const { metrics = silentMetrics, logger = silentLogger } = deps;
  const registry = new Registry(metrics);
  const sweep = new Sweep({
    registry,
    thresholdBytes: options.backpressureThresholdBytes,
    silentMs: 2 * options.pingIntervalMs,
  });
  const refuse = createRefuser({ metrics, logger });
  const clients = new Clients({ ...options, registry, sessions, instanceId, metrics, logger });
  const sse: SseOptions = { clients, pingIntervalMs: options.pingIntervalMs, metrics };
  /** Sockets that were upgraded and have not opened. */
  const opening = new Set<Promise<void>>();
  let listener: Listener | undefined;
  let draining: Promise<DrainResult> | undefined;

  const admission = new Admission({
    ...options,
    authority,
    registry,
    draining: () => draining !== undefined,
    metrics,
    logger,
  });

  function handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> | Response {
    if (isUpgrade(request)) {
      const open = (admitted: Admitted) => upgrade(request, info, admitted);
      return enter(request, checkHandshake(request), open);
    }
    if (isStream(request)) return stream(request, info);
    return clientFile(request) ?? emptyResponse(STATUS_CODE.NotFound);
  }

  async function stream(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const open = (admitted: Admitted) => openStream(request, info, admitted, sse);
    const response = await enter(request, checkStream(request), open);
    return allowOrigin(request, response, options.allowedOrigins);
  }

  /** Checks a request, and opens what it asks for if it may have that. Never rejects. */
  async function enter(
    request: Request,
    malformed: Response | undefined,
    open: (admitted: Admitted) => Promise<Response> | Response,
  ): Promise<Response> {
    void hasLeft(request); // so that it knows later: see there
    try {
      if (malformed !== undefined) {
        metrics.upgrade("malformed");
        return malformed;
      }
      const admitted = await admission.admit(request);
      if (admitted.kind === "refused") {
        return refuse(request, admitted.name, admitted.retryAfterMs);
      }
      if (hasLeft(request)) {
        admitted.release();
        metrics.upgrade("left");
        return emptyResponse(STATUS_CODE.BadRequest);
      }
      return await open(admitted);
    } catch (error) {
      logger.error("upgrade failed", { error });
      return refuse(request, "error", retryDelayMs());
    }
  }

  /** Upgrades, and registers the connection when its socket opens: before, it may never. */
  function upgrade(request: Request, info: Deno.ServeHandlerInfo, admitted: Admitted): Response {
    const remoteAddress = addressOf(info); // it cannot be read any more once the socket opens
    const { promise, resolve } = Promise.withResolvers<void>();
    opening.add(promise);
    const settle = () => {
      clearTimeout(openTimer);
      opening.delete(promise);
      admitted.release();
      resolve();
    };
    const openTimer = setTimeout(settle, OPEN_TIMEOUT_MS);
    const { socket, response } = Deno.upgradeWebSocket(request, {
      idleTimeout: 2 * options.pingIntervalMs / 1000,
    });
    socket.onopen = () => {
      settle();
      try {
        const { inbox, gone } = clients.open(socket, admitted, remoteAddress);
        socket.onmessage = ({ data }) => inbox.receive(data);
        socket.onclose = ({ code, reason }) => gone(code, reason);
      } catch (error) { // what a listener throws would end the process
        logger.error("connection could not be set up", { error });
        socket.close(CloseCode.TryAgainLater, "internal error");
      }
    };
    socket.onerror = () => {}; // told by the close event that follows
    metrics.upgrade("accepted");
    return response;
  }

  async function drain(timeoutMs: number): Promise<DrainResult> {
    logger.info("draining", { connections: registry.size, timeoutMs });
    using deadline = new Deadline(timeoutMs);
    sweep.stop();
    clients.sendAway();
    await deadline.wait(Promise.all(opening)); // else Deno would close them, its own way
    await deadline.wait(registry.allGone());
    const stragglers = registry.closing;
    if (stragglers === 0) await deadline.wait(listener?.shutdown());
    else {
      logger.warn("gave up on sockets that do not close", { stragglers });
      await deadline.wait(listener?.abort());
    }
    return { stragglers };
  }

  return {
    get accepting() {
      return listener !== undefined && draining === undefined;
    },
    // deno-lint-ignore require-await -- what it throws must reject
    async start() {
      if (listener !== undefined || draining !== undefined) {
        throw new TypeError("Cannot start the live listener twice");
      }
      listener = listen("live listener", { ...options, handle, logger });
      sweep.start();
      logger.info("live listener started", {
        host: listener.addr.hostname,
        port: listener.addr.port,
      });
      return listener.addr;
    },
    stop(timeoutMs = options.drainTimeoutMs) {
      return draining ??= drain(timeoutMs);
    },
  };
}
