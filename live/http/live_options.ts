/**
 * The dependencies and options of the live server.
 *
 * @module
 */

import { DEFAULTS } from "../config/defaults.ts";
import type { Connection } from "../connection/connection.ts";
import type { Entrance } from "../directus_protocol/identity.ts";
import type { Authority } from "../domain/authority.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { PendingGrants } from "../domain/pending_grants.ts";
import type { Places } from "../domain/places.ts";
import type { Refusals } from "../domain/refusal_log.ts";
import type { FrameSession, SessionFactory } from "../session/session.ts";
import type { SpareDescriptors } from "../transport/spare_descriptors.ts";
import type { Transport, TransportName } from "../transport/transport.ts";

/** The dependencies of the live server. */
export interface LiveServerDeps {
  /** Addresses and limits. */
  readonly options?: LiveServerOptions;
  /** Creates the session that handles a connection's messages. */
  readonly sessions: SessionFactory;
  /** Creates the sessions of Directus's own protocol. @default {none: it is not served} */
  readonly directusSessions?:
    | ((connection: Connection, entrance: Entrance) => FrameSession)
    | undefined;
  /** Identifies users. Without an authority everybody may connect, without a user. */
  readonly authority?: Authority | undefined;
  /** Places for connections that other threads take too. @default {none: there is one thread} */
  readonly places?: Places | undefined;
  /** Handshakes in flight, for revocations. @default {new PendingGrants()} */
  readonly pendingGrants?: PendingGrants;
  /**
   * Answers requests that are not for Live, on servers with one port for everything. Returns `undefined`
   * for requests that it does not know. @default {none}
   */
  readonly other?: ((request: Request) => Promise<Response> | Response | undefined) | undefined;
  /**
   * Returns how much waits for a connection outside its socket, in bytes. It counts as unsent.
   *
   * @default {0}
   */
  readonly backlogOf?: (connection: Connection) => number;
  /** Name of this instance, sent in `welcome`. @default {"local"} */
  readonly instanceId?: string;
  /** Counts connections and messages. @default {silentMetrics} */
  readonly metrics?: Metrics;
  /** Takes refusals that an operator may want to know of. @default {silentRefusals} */
  readonly refusals?: Refusals;
  /** Logs connections and errors. @default {silentLogger} */
  readonly logger?: Logger;
  /** Spare file descriptors of the process. @default {none} */
  readonly spares?: SpareDescriptors | undefined;
  /** Called if the listener fails, or a thread hangs. @default {nothing} */
  readonly onLost?: ((error: unknown) => void) | undefined;
  /** A monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** Addresses and limits of the live server. */
export interface LiveServerOptions {
  /**
   * The server that carries connections: `deno` is Deno's own, `ws` is node:http with npm `ws`, for
   * servers without a proxy in front, and `none` is a `Deno.serve` of yours, which calls
   * {@linkcode LiveServer.handler}. You can also pass a transport of your own.
   *
   * @default {"deno"}
   */
  readonly transport?: TransportName | Transport;
  /** Host to listen on. @default {"0.0.0.0"} */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. @default {8080} */
  readonly port?: number;
  /** Whether other threads may listen on the same port, sharing the clients. @default {false} */
  readonly reusePort?: boolean;
  /**
   * A silent peer is pinged after this many milliseconds, and disconnected after as many again.
   *
   * @default {15_000}
   */
  readonly pingIntervalMs?: number;
  /** How long `LiveServer.stop()` may take, in milliseconds. @default {10_000} */
  readonly drainTimeoutMs?: number;
  /**
   * How long a peer may take to answer a close frame, or to read the end of a stream, before its
   * connection is broken, in milliseconds. The transport `deno` cannot break connections.
   *
   * @default {5_000}
   */
  readonly closeTimeoutMs?: number;
  /**
   * How much one connection may hold unsent before it is closed with 1008, in bytes.
   *
   * @default {1_048_576}
   */
  readonly backpressureThresholdBytes?: number;
  /**
   * Origins whose pages may connect; `*` allows all. Non-browser clients send no Origin header;
   * they are allowed. @default {none}
   */
  readonly allowedOrigins?: ReadonlySet<string>;
  /** Name of the session cookie. @default {"directus_session_token"} */
  readonly cookieName?: string;
  /** Connections of all users together. @default {50_000} */
  readonly maxConnections?: number;
  /** Connections of one user. @default {32} */
  readonly maxConnectionsPerUser?: number;
  /** Size of an inbound message, in bytes; a larger one closes with 1009. @default {65_536} */
  readonly maxMessageBytes?: number;
  /** Inbound messages per second of one connection; more close with 4429. @default {50} */
  readonly maxMessagesPerSecond?: number;
  /** Inbound messages that may arrive at once. @default {twice `maxTopics`} */
  readonly messageBurst?: number;
  /** Topics and views of one connection. @default {128} */
  readonly maxTopics?: number;
  /**
   * How clients of Directus's own protocol authenticate. `handshake`: with a credential at the upgrade or,
   * without one, by an `auth` message. `strict`: with a credential at the upgrade only. `public`: as for
   * `handshake`, and a client without a credential may read what Directus's public policy allows.
   *
   * @default {"handshake"}
   */
  readonly directusAuth?: "public" | "handshake" | "strict";
  /** Rows of one view; a larger `limit` is refused. @default {1_000} */
  readonly viewMaxRows?: number;
}

/** Returns options in which missing ones have their defaults. */
export function withDefaults(options: LiveServerOptions = {}): Required<LiveServerOptions> {
  const { maxTopics = DEFAULTS.maxTopics } = options;
  return {
    ...DEFAULTS,
    reusePort: false,
    closeTimeoutMs: 5_000,
    allowedOrigins: new Set<string>(),
    messageBurst: 2 * maxTopics, // a client that reconnects subscribes to all its topics at once
    ...options,
  };
}
