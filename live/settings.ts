/**
 * What the configuration says about the live server.
 *
 * @module
 */

import type { Config } from "./config/config.ts";
import { originsOf } from "./config/summary.ts";
import type { LiveServerOptions } from "./http/live_options.ts";
import type { LiveOptions } from "./live.ts";

/** Bounds of the history of topics and views. */
export type HistoryBounds = Required<
  Pick<LiveOptions, "historySize" | "historyTtlMs" | "historyMaxBytes">
>;

/** The part of the live server's options that is data, and so can be sent to another thread. */
export type LiveSettings =
  & Omit<LiveServerOptions, "transport">
  & Pick<
    LiveOptions,
    "viewRefreshMs" | "flushIntervalMs" | "revalidateIntervalMs" | "revalidateGraceMs" | "topics"
  >
  & HistoryBounds
  & { readonly transport: Config["LIVE_TRANSPORT"] };

/** Returns the live server's options that follow from the configuration alone. */
export function liveSettings(config: Config): LiveSettings {
  return {
    historySize: config.LIVE_HISTORY_SIZE,
    historyTtlMs: config.LIVE_HISTORY_TTL_MS,
    historyMaxBytes: config.LIVE_HISTORY_MAX_BYTES,
    directusAuth: config.LIVE_DIRECTUS_AUTH,
    viewMaxRows: config.LIVE_VIEW_MAX_ROWS,
    viewRefreshMs: config.LIVE_VIEW_REFRESH_MS,
    transport: config.LIVE_TRANSPORT,
    host: config.LIVE_WS_HOST,
    port: config.LIVE_WS_PORT,
    pingIntervalMs: config.LIVE_WS_PING_INTERVAL_MS,
    drainTimeoutMs: config.LIVE_WS_DRAIN_TIMEOUT_MS,
    backpressureThresholdBytes: config.LIVE_WS_BACKPRESSURE_THRESHOLD_BYTES,
    allowedOrigins: originsOf(config),
    topics: config.LIVE_TOPICS,
    cookieName: config.DIRECTUS_SESSION_COOKIE,
    maxConnections: config.LIVE_MAX_CONNECTIONS,
    maxConnectionsPerUser: config.LIVE_MAX_CONNECTIONS_PER_USER,
    maxTopics: config.LIVE_MAX_TOPICS_PER_CONNECTION,
    maxMessageBytes: config.LIVE_MAX_MESSAGE_BYTES,
    maxMessagesPerSecond: config.LIVE_MAX_MESSAGES_PER_SECOND,
    flushIntervalMs: config.LIVE_FLUSH_INTERVAL_MS,
    revalidateIntervalMs: config.LIVE_REVALIDATE_INTERVAL_MS,
    revalidateGraceMs: config.LIVE_REVALIDATE_GRACE_MS,
  };
}
