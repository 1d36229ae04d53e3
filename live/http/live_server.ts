/**
 * The live listener: WebSockets and streams of events, whatever transport carries them.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Connection } from "../connection/connection.ts";
import type { Authority } from "../domain/authority.ts";
import { CloseCode } from "../domain/close_codes.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import { type Metrics, silentMetrics } from "../domain/metrics.ts";
import { Registry } from "../connection/registry.ts";
import { StallDetector } from "../connection/stall_detector.ts";
import type { SessionFactory } from "../session/session.ts";
import { Admission, type Admitted } from "./admission.ts";
import { clientFile } from "./client_file.ts";
import { type ClientProtocol, Clients } from "./clients.ts";
import { Deadline } from "../domain/deadline.ts";
import { checkHandshake, hasLeft, isUpgrade } from "./handshake.ts";
import type { Listener } from "../transport/listener.ts";
import { LIVE_DEFAULTS, type LiveServerOptions } from "./live_options.ts";
import { createRefuser } from "./refusal.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import { jsonWire } from "../wire/json_wire.ts";
import { emptyResponse } from "../transport/responses.ts";
import { allowOrigin, checkStream, isStream, openStream, type SseOptions } from "./sse.ts";
import { type Answer, type Incoming, LISTENER_NAME, type Upgrade } from "../transport/transport.ts";
import { transports } from "../transport/transports.ts";

/** What the live listener works with. */
export interface LiveServerDeps {
  /** Bounds and addresses. */
  readonly options?: LiveServerOptions;
  /** Creates what handles a connection's messages. */
  readonly sessions: SessionFactory;
  /** Says who a session is; without one everybody may connect, as nobody. */
  readonly authority?: Authority | undefined;
  /**
   * Answers what is neither a WebSocket, a stream of events nor the client's file, where there is one
   * port for all. @default {nothing: 404}
   */
  readonly other?: ((request: Request) => Promise<Response> | Response | undefined) | undefined;
  /**
   * Returns what waits for a connection beside what its socket holds, in bytes: it counts as unsent.
   *
   * @default {nothing waits}
   */
  readonly backlogOf?: (connection: Connection) => number;
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
   * listening. At the deadline it breaks what is left; of Deno's own WebSockets those whose peers
   * read nothing stay until the process ends. Calling it again returns the first call's promise.
   */
  stop(timeoutMs?: number): Promise<DrainResult>;
  /** Whether it is listening and not draining. */
  readonly accepting: boolean;
  /** Why it should get no more clients, though it takes them: too many sockets do not go away. */
  readonly strain: string | undefined;
}

/** What WebSockets speak. */
const JSON_PROTOCOL: ClientProtocol = { wire: jsonWire };

/** Sockets that were closed and do not go away, as a part of the connections that are allowed. */
const MAX_CLOSING_SHARE = 0.1;

/** Creates the live listener. It listens to nothing before {@linkcode LiveServer.start}. */
export function createLiveServer(deps: LiveServerDeps): LiveServer {
  const options = { ...LIVE_DEFAULTS, ...deps.options };
  const { sessions, authority, instanceId = "local" } = deps;
  const { metrics = silentMetrics, logger = silentLogger } = deps;
  const registry = new Registry(metrics);
  const stallDetector = new StallDetector({
    registry,
    backlogOf: deps.backlogOf ?? (() => 0),
    thresholdBytes: options.backpressureThresholdBytes,
    silentMs: 2 * options.pingIntervalMs,
  });
  const refuse = createRefuser({ metrics, logger });
  const clients = new Clients({ ...options, registry, sessions, instanceId, metrics, logger });
  const sse: SseOptions = { ...options, clients, metrics };
  /** Sockets that were upgraded and have not opened. */
  const opening = new Set<Promise<void>>();
  let listener: Listener | undefined;
  let starting = false;
  let draining: Promise<DrainResult> | undefined;

  const admission = new Admission({
    ...options,
    authority,
    registry,
    draining: () => draining !== undefined,
    metrics,
    logger,
  });

  function handle(incoming: Incoming): Promise<Answer> | Answer {
    const { request } = incoming;
    if (isUpgrade(request)) {
      return enter(request, checkHandshake(request), (admitted) => upgrade(incoming, admitted));
    }
    if (isStream(request)) return stream(incoming);
    return clientFile(request) ?? deps.other?.(request) ?? emptyResponse(STATUS_CODE.NotFound);
  }

  async function stream(incoming: Incoming): Promise<Answer> {
    const { request } = incoming;
    const open = (admitted: Admitted) => openStream(incoming, admitted, sse);
    const answer = await enter(request, checkStream(request), open);
    if (answer instanceof Response) allowOrigin(request, answer, options.allowedOrigins);
    return answer;
  }

  /** Checks a request, and opens what it asks for if it may have that. Never rejects. */
  async function enter(
    request: Request,
    malformed: Response | undefined,
    open: (admitted: Admitted) => Promise<Answer> | Answer,
  ): Promise<Answer> {
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

  /** Accepts, and registers the connection when its socket opens: before, it may never. */
  function upgrade({ remoteAddress }: Incoming, admitted: Admitted): Upgrade {
    const { promise, resolve } = Promise.withResolvers<void>();
    opening.add(promise);
    const settle = () => {
      opening.delete(promise);
      admitted.release();
      resolve();
    };
    metrics.upgrade("accepted");
    return {
      open(socket) {
        settle();
        try {
          return clients.open(socket, admitted, remoteAddress, JSON_PROTOCOL);
        } catch (error) { // what a listener throws would end the process
          logger.error("connection could not be set up", { error });
          socket.close(CloseCode.TryAgainLater, "internal error");
          return { closed() {} };
        }
      },
      abandon: settle,
    };
  }

  async function drain(timeoutMs: number): Promise<DrainResult> {
    logger.info("draining", { connections: registry.size, timeoutMs });
    using deadline = new Deadline(timeoutMs);
    stallDetector.stop();
    clients.sendAway();
    await deadline.wait(Promise.all(opening)); // else the transport would close them, its own way
    await deadline.wait(registry.allGone());
    if (registry.closing > 0) await listener?.abort();
    else await deadline.wait(listener?.shutdown());
    const stragglers = registry.closing;
    if (stragglers > 0) logger.warn("gave up on sockets that do not close", { stragglers });
    return { stragglers };
  }

  return {
    get accepting() {
      return listener !== undefined && draining === undefined;
    },
    get strain() {
      const { closing } = registry;
      if (closing <= MAX_CLOSING_SHARE * options.maxConnections) return undefined;
      return `${closing} sockets were closed and do not go away`;
    },
    async start() {
      if (starting || listener !== undefined || draining !== undefined) {
        throw new TypeError(`Cannot start the ${LISTENER_NAME} twice`);
      }
      starting = true;
      listener = await transports[options.transport]({ ...options, handle, logger })
        .finally(() => starting = false);
      stallDetector.start();
      const { hostname: host, port } = listener.addr;
      logger.info(`${LISTENER_NAME} started`, { host, port });
      return listener.addr;
    },
    stop(timeoutMs = options.drainTimeoutMs) {
      return draining ??= drain(timeoutMs);
    },
  };
}
