/**
 * Defaults that environment variables share with the options of an embedded server.
 *
 * @module
 */

/** Defaults by option. Times are in milliseconds. */
export const DEFAULTS = {
  transport: "deno",
  host: "0.0.0.0",
  port: 8080,
  pingIntervalMs: 15_000,
  drainTimeoutMs: 10_000,
  backpressureThresholdBytes: 1_048_576,
  cookieName: "directus_session_token",
  maxConnections: 50_000,
  maxConnectionsPerUser: 32,
  maxTopics: 128,
  maxMessageBytes: 65_536,
  maxMessagesPerSecond: 50,
  revalidateIntervalMs: 60_000,
  revalidateGraceMs: 3_600_000,
  historySize: 256,
  historyTtlMs: 300_000,
  historyMaxBytes: 268_435_456,
  flushIntervalMs: 0,
  directusAuth: "handshake",
  viewMaxRows: 1_000,
  viewRefreshMs: 60_000,
} as const;
