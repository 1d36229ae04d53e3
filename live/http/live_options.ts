/**
 * Options of the live listener.
 *
 * @module
 */

import { DEFAULTS } from "../config/defaults.ts";
import type { TransportName } from "../transport/transport.ts";

/** Bounds and addresses of the live listener. */
export interface LiveServerOptions {
  /**
   * What carries connections: `deno` is Deno's own server, `ws` node:http and npm `ws`, for servers
   * without a proxy in front.
   *
   * @default {"deno"}
   */
  readonly transport?: TransportName;
  /** Host to listen on. @default {"0.0.0.0"} */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. @default {8080} */
  readonly port?: number;
  /** Whether other processes may listen on the same port, sharing the clients. @default {false} */
  readonly reusePort?: boolean;
  /** A silent peer is pinged after so many milliseconds, and closed after as many. @default {15_000} */
  readonly pingIntervalMs?: number;
  /** How long {@linkcode LiveServer.stop} may take, in milliseconds. @default {10_000} */
  readonly drainTimeoutMs?: number;
  /**
   * How long a peer may take to answer a close frame, or to read the end of a stream, before its
   * connection is broken, in milliseconds. The transport `deno` cannot do that.
   *
   * @default {5_000}
   */
  readonly closeTimeoutMs?: number;
  /** What one connection may hold unsent, in bytes. @default {1_048_576} */
  readonly backpressureThresholdBytes?: number;
  /** Origins whose pages may connect; `*` allows all. @default {none} */
  readonly allowedOrigins?: ReadonlySet<string>;
  /** Name of the session cookie. @default {"directus_session_token"} */
  readonly cookieName?: string;
  /** Connections in all. @default {50_000} */
  readonly maxConnections?: number;
  /** Connections of one user. @default {32} */
  readonly maxConnectionsPerUser?: number;
  /** Size of an inbound message, in bytes. @default {65_536} */
  readonly maxMessageBytes?: number;
  /** Inbound messages a second of one connection. @default {50} */
  readonly maxMessagesPerSecond?: number;
  /** Inbound messages that may come at once. @default {256} */
  readonly messageBurst?: number;
}

/** Values of the options that are not given. */
export const LIVE_DEFAULTS: Required<LiveServerOptions> = {
  ...DEFAULTS,
  reusePort: false,
  closeTimeoutMs: 5_000,
  allowedOrigins: new Set<string>(),
  messageBurst: 2 * DEFAULTS.maxTopics, // a client that reconnects subscribes to all its topics at once
};
