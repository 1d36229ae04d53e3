/**
 * Answers requests of any server: WebSockets, streams of events, and the files of the browser client.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { CloseCode } from "../domain/close_codes.ts";
import { type Credential, PUBLIC } from "../domain/credential.ts";
import type { Deadline } from "../domain/deadline.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import { type Metrics, silentMetrics } from "../domain/metrics.ts";
import { PendingGrants } from "../domain/pending_grants.ts";
import { silentRefusals } from "../domain/refusal_log.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import { createFrameEncoder } from "../transport/frame_encoder.ts";
import { emptyResponse } from "../transport/responses.ts";
import type { Answer, Incoming, Upgrade } from "../transport/transport.ts";
import { directusWire } from "../directus_protocol/wire.ts";
import { jsonWire } from "../wire/json_wire.ts";
import { Admission, type Admitted } from "./admission.ts";
import { DIRECTUS_PATH } from "./credentials.ts";
import { createEntrance } from "./entrance.ts";
import { clientFile, isClientFile } from "./client_file.ts";
import { type ClientProtocol, Clients } from "./clients.ts";
import { allowOrigin, answerPreflight } from "./cors.ts";
import { checkHandshake, hasLeft, isUpgrade } from "./handshake.ts";
import { InFlight } from "./in_flight.ts";
import type { LiveServerDeps, LiveServerOptions } from "./live_options.ts";
import { createRefuser, type Refuser } from "./refusal.ts";
import { isStream, openStream, type SseOptions } from "./sse.ts";
import { readTargets } from "./sse_targets.ts";

/** The protocol of WebSockets. */
const JSON_PROTOCOL: ClientProtocol = { wire: jsonWire };

/** The credential, by mode, for clients of Directus's protocol that present none at the upgrade. */
const GUESTS = { strict: undefined, handshake: null, public: PUBLIC } as const;

/**
 * The part of a drain's time over which the server spreads closes of clients that ignore the reconnect
 * delay.
 */
const SPREAD_SHARE = 0.5;

/** Answers requests and holds the connections that come from them. */
export class LiveHandler {
  readonly #deps: LiveServerDeps;
  readonly #options: Required<LiveServerOptions>;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #admission: Admission;
  readonly #clients: Clients;
  readonly #sse: SseOptions;
  /** Directus's own protocol, if it is served. */
  readonly #directus: ClientProtocol | undefined;
  readonly #refuse: Refuser;
  /** Requests without an answer, and upgraded sockets that have not opened yet. */
  readonly #requests = new InFlight();
  /** Sockets that were opened only to be closed with the code of a refusal. */
  readonly #refused = new InFlight();

  /** Creates a handler without connections. */
  constructor(deps: LiveServerDeps, options: Required<LiveServerOptions>) {
    const { sessions, authority, instanceId = "local", backlogOf = () => 0, now } = deps;
    const { metrics = silentMetrics, logger = silentLogger } = deps;
    const { pendingGrants = new PendingGrants(), refusals = silentRefusals } = deps;
    const common = { ...options, metrics, logger };
    const clients = new Clients({ ...common, sessions, instanceId, backlogOf, now });
    this.#deps = deps;
    this.#options = options;
    this.#metrics = metrics;
    this.#logger = logger;
    this.#clients = clients;
    this.#admission = new Admission({
      ...common,
      authority,
      pendingGrants,
      places: deps.places,
      refusals,
      registry: clients.registry,
    });
    const entrance = createEntrance({
      admission: this.#admission,
      authority,
      registry: clients.registry,
      admitsPublic: options.directusAuth === "public",
      refusals,
    });
    const { directusSessions } = deps;
    this.#directus = directusSessions && {
      wire: directusWire,
      sessions: (connection) => directusSessions(connection, entrance),
    };
    this.#sse = { ...common, clients, encode: createFrameEncoder() };
    this.#refuse = createRefuser({ ...common, sockets: this.#refused });
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#clients.registry.size;
  }

  /** How many sockets and streams were closed and are not gone yet. */
  get closing(): number {
    return this.#clients.registry.closing;
  }

  /** Answers a request for Live, or one that `other` takes; returns `undefined` for all other requests. */
  answer(incoming: Incoming): Promise<Answer> | undefined {
    const answer = this.#route(incoming);
    return answer && this.#track(incoming, answer);
  }

  /**
   * Refuses new clients from now on, and closes every connection with 1001.
   *
   * @returns Whether all requests were answered and all connections are gone by the deadline.
   */
  async drain(deadline: Deadline): Promise<boolean> {
    const { registry } = this.#clients;
    this.#admission.drain();
    const sentAway = this.#clients.drain(deadline.timeoutMs * SPREAD_SHARE);
    // Wait for the requests first, because a socket that is still opening does not count as closing yet.
    return await deadline.wait(Promise.all([this.#requests.settled(), sentAway])) &&
      await deadline.wait(Promise.all([this.#refused.settled(), registry.allGone()]));
  }

  #route(incoming: Incoming): Promise<Answer> | Answer | undefined {
    const { request } = incoming;
    if (isUpgrade(request)) {
      const isDirectus = this.#directus !== undefined &&
        URL.parse(request.url)?.pathname === DIRECTUS_PATH;
      const protocol = isDirectus && this.#directus || JSON_PROTOCOL;
      const guest = isDirectus ? GUESTS[this.#options.directusAuth] : undefined;
      return this.#enter(request, checkHandshake(request), (admitted) => {
        this.#metrics.upgrade("accepted");
        return this.#upgrade(incoming, admitted, protocol);
      }, guest);
    }
    if (isStream(request)) return this.#stream(incoming);
    const file = isClientFile(request) ? this.#file(request) : undefined;
    return file ?? this.#deps.other?.(request);
  }

  #file(request: Request): Response | undefined {
    const { allowedOrigins } = this.#options;
    const response = answerPreflight(request, allowedOrigins) ?? clientFile(request);
    return response && allowOrigin(request, response, allowedOrigins);
  }

  async #stream(incoming: Incoming): Promise<Answer> {
    const { request } = incoming;
    const { allowedOrigins } = this.#options;
    const read = readTargets(request, this.#options);
    const [malformed, targets] = read instanceof Response ? [read, []] : [undefined, read];
    const open = (admitted: Admitted) => openStream(incoming, targets, admitted, this.#sse);
    const answer = answerPreflight(request, allowedOrigins) ??
      await this.#enter(request, malformed, open);
    if (answer instanceof Response) allowOrigin(request, answer, allowedOrigins);
    return answer;
  }

  /** Checks a request, and opens the WebSocket or stream if it is admitted. Never rejects. */
  async #enter(
    request: Request,
    malformed: Response | undefined,
    open: (admitted: Admitted) => Promise<Answer> | Answer,
    guest?: Credential | null,
  ): Promise<Answer> {
    try {
      if (malformed !== undefined) {
        this.#metrics.upgrade("malformed");
        return malformed;
      }
      const admitted = await this.#admission.admit(request, guest);
      if (admitted.kind === "refused") {
        return this.#refuse(request, admitted.name, admitted.retryAfterMs);
      }
      if (hasLeft(request)) {
        admitted.releaseReservation();
        this.#metrics.upgrade("left");
        return emptyResponse(STATUS_CODE.BadRequest);
      }
      return await open(admitted);
    } catch (error) {
      this.#logger.error("upgrade failed", { error });
      return this.#refuse(request, "error", retryDelayMs());
    }
  }

  /** Registers the connection when its socket opens. Not before, because it may never open. */
  #upgrade(
    { remoteAddress }: Incoming,
    admitted: Admitted,
    protocol: ClientProtocol,
  ): Upgrade {
    return {
      open: (socket) => {
        try {
          return this.#clients.open(socket, admitted, remoteAddress, protocol);
        } catch (error) { // an error thrown in an event listener would end the process
          this.#logger.error("connection could not be set up", { error });
          socket.close(CloseCode.TryAgainLater, "internal error");
          return { closed: this.#refused.begin() };
        } finally {
          admitted.releaseReservation();
        }
      },
      abandon: admitted.releaseReservation,
    };
  }

  /** Counts a request as in flight until its response was sent, or its socket has opened. */
  async #track(incoming: Incoming, answering: Promise<Answer> | Answer): Promise<Answer> {
    const end = this.#requests.begin();
    try {
      const answer = await answering;
      if (!(answer instanceof Response)) return endOnOpen(answer, end);
      incoming.completed.then(end);
      return answer;
    } catch (error) {
      end();
      throw error;
    }
  }
}

function endOnOpen(upgrade: Upgrade, end: () => void): Upgrade {
  return {
    open(socket) {
      end();
      return upgrade.open(socket);
    },
    abandon() {
      end();
      upgrade.abandon();
    },
  };
}
