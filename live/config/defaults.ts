/**
 * Defaults that the configuration and the options of the live listener share.
 *
 * @module
 */

/** Defaults of the live listener, by option. */
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
} as const;
