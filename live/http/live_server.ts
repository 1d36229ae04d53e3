/**
 * The live listener: Deno.serve and its WebSockets.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { Connection } from "../connection/connection.ts";
import type { Authority } from "../domain/authority.ts";
import { CloseCode } from "../domain/close_codes.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import { type Metrics, silentMetrics } from "../domain/metrics.ts";
import { Registry } from "../hub/registry.ts";
import type { SessionFactory } from "../session/session.ts";
import { Admission, type Admitted } from "./admission.ts";
import { Deadline } from "./deadline.ts";
import { checkHandshake, hasLeft, isUpgrade } from "./handshake.ts";
import { Inbox } from "./inbox.ts";
import { LIVE_DEFAULTS, type LiveServerOptions } from "./live_options.ts";
import { listen, type Listener } from "./listener.ts";
import { createRefuser, retryDelayMs } from "./refusal.ts";
import { emptyResponse } from "./responses.ts";

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
  /** Sockets whose peer did not let go in time. */
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
   * listening. Gives up on stragglers at the deadline: a peer that reads nothing cannot be ended
   * from here, only by the end of the process. Calling it again returns the first call's promise.
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
  const refuse = createRefuser({ metrics, logger });
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

  async function handle(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    if (!isUpgrade(request)) return emptyResponse(STATUS_CODE.NotFound);
    void hasLeft(request); // so that it knows later: see there
    try {
      const malformed = checkHandshake(request);
      if (malformed !== undefined) {
        metrics.upgrade("malformed");
        return malformed;
      }
      const admitted = await admission.admit(request);
      if (admitted.kind === "refused") {
        return refuse(request, admitted.name, admitted.retryAfterMs);
      }
      return accept(request, admitted, addressOf(info));
    } catch (error) {
      logger.error("upgrade failed", { error });
      return refuse(request, "error", retryDelayMs());
    }
  }

  /** Upgrades, and registers the connection when its socket opens: before, it may never. */
  function accept(request: Request, admitted: Admitted, remoteAddress: string): Response {
    if (hasLeft(request)) {
      admitted.release();
      metrics.upgrade("left");
      return emptyResponse(STATUS_CODE.BadRequest);
    }
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
        open(socket, admitted, remoteAddress);
      } catch (error) { // what a listener throws would end the process
        logger.error("connection could not be set up", { error });
        socket.close(CloseCode.TryAgainLater, "internal error");
      }
    };
    socket.onerror = () => {}; // told by the close event that follows
    metrics.upgrade("accepted");
    return response;
  }

  /** One connection's life, from the opening of its socket to its one end. */
  function open(socket: WebSocket, { user, cookie }: Admitted, remoteAddress: string): void {
    const connection = new Connection({
      socket,
      remoteAddress,
      user,
      cookie,
      thresholdBytes: options.backpressureThresholdBytes,
      metrics,
      onEnd(connection, code, reason) {
        registry.remove(connection);
        metrics.disconnect(code);
        logger.debug("connection ended", { connection: connection.id, code, reason });
        try {
          session.end();
        } catch (error) {
          logger.error("session could not be ended", { connection: connection.id, error });
        }
      },
    });
    const session = sessions(connection);
    const inbox = new Inbox(connection, { ...options, session, metrics, logger });
    registry.add(connection);
    socket.onmessage = ({ data }) => inbox.receive(data);
    socket.onclose = ({ code, reason }) => {
      connection.end(code, reason); // does nothing if the end was ours
      registry.gone(connection);
    };
    logger.debug("connection opened", { connection: connection.id, user: user?.id, remoteAddress });
    connection.send({ type: "welcome", connection: connection.id, user, instance: instanceId });
    if (draining !== undefined) sendAway(connection);
  }

  /** Closes with 1001 and a time to come back at, another for each client. */
  function sendAway(connection: Connection): void {
    const reason = `server shutting down; retry in ${retryDelayMs()}`;
    connection.end(CloseCode.GoingAway, reason);
  }

  async function drain(timeoutMs: number): Promise<DrainResult> {
    logger.info("draining", { connections: registry.size, timeoutMs });
    using deadline = new Deadline(timeoutMs);
    for (const connection of registry.all()) sendAway(connection);
    await deadline.wait(Promise.all(opening)); // else Deno would close them, its own way
    await deadline.wait(registry.allGone());
    await deadline.wait(listener?.shutdown());
    const stragglers = registry.closing;
    if (stragglers > 0) logger.warn("gave up on sockets that do not close", { stragglers });
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

function addressOf({ remoteAddr }: Deno.ServeHandlerInfo): string {
  return "hostname" in remoteAddr ? remoteAddr.hostname : "local";
}
