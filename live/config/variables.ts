/**
 * The table of environment variables.
 *
 * @module
 */

import type { Config } from "./config.ts";
import { DEFAULTS } from "./defaults.ts";
import {
  cookieName,
  directusRedisUrl,
  hostNames,
  httpUrl,
  oneOf,
  origins,
  redisUrl,
  topicSources,
  wholeNumber,
  word,
} from "./rules.ts";
import { optional, type Variable, variable } from "./variable.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const GIB = 1_073_741_824;

/** Every variable that the server reads, in the order of `--help`. */
export const variables: { readonly [Name in keyof Config]: Variable<Config[Name]> } = {
  DIRECTUS_BASE_URL: variable(httpUrl(), "where Directus is, a path prefix allowed"),
  DIRECTUS_AUTH_TIMEOUT_MS: variable(
    wholeNumber(1, 10 * MINUTE),
    "upper bound of one call to Directus",
    "5000",
  ),
  DIRECTUS_SESSION_COOKIE: variable(
    cookieName(),
    "the only cookie that is ever forwarded",
    DEFAULTS.cookieName,
  ),
  DIRECTUS_MAX_CONCURRENCY: variable(
    wholeNumber(1, 10_000),
    "calls to Directus in flight; the rest queue",
    "16",
  ),
  DIRECTUS_CACHE_TTL_MS: variable(
    wholeNumber(0, DAY),
    "how long an answer serves the same session, or the same session and topic; 0 = none",
    "5000",
  ),
  DIRECTUS_TOKEN: optional(
    word("1 to 512 visible ASCII characters"),
    "a static token that may read rights, so that users with equal rights share views",
    "none",
    true,
  ),
  DIRECTUS_EVENTS_REDIS_URL: optional(
    directusRedisUrl(),
    "the Redis of Directus itself, whose bus reports changes without Flows; Directus does not document it",
    "none",
    true,
  ),
  LIVE_WS_HOST: variable(
    word("a host name or address"),
    "host of the live listener",
    DEFAULTS.host,
  ),
  LIVE_WS_PORT: variable(wholeNumber(0, 65535), "port of the live listener", DEFAULTS.port),
  LIVE_WS_PING_INTERVAL_MS: variable(
    wholeNumber(100, DAY),
    "a silent peer is pinged after this, and closed after as long again",
    DEFAULTS.pingIntervalMs,
  ),
  LIVE_WS_DRAIN_TIMEOUT_MS: variable(
    wholeNumber(0, DAY),
    "the whole drain, at most",
    DEFAULTS.drainTimeoutMs,
  ),
  LIVE_WS_BACKPRESSURE_THRESHOLD_BYTES: variable(
    wholeNumber(1, GIB),
    "what one connection may hold unsent before it is closed with 1008",
    DEFAULTS.backpressureThresholdBytes,
  ),
  LIVE_ALLOWED_ORIGINS: optional(
    origins(),
    "comma-separated; * allows all; a request without Origin is allowed",
    "Directus's own origin",
  ),
  LIVE_MAX_CONNECTIONS: variable(
    wholeNumber(1, 10_000_000),
    "connections in total",
    DEFAULTS.maxConnections,
  ),
  LIVE_MAX_CONNECTIONS_PER_USER: variable(
    wholeNumber(1, 10_000_000),
    "connections per user",
    DEFAULTS.maxConnectionsPerUser,
  ),
  LIVE_MAX_TOPICS_PER_CONNECTION: variable(
    wholeNumber(1, 1_000_000),
    "topics per connection",
    DEFAULTS.maxTopics,
  ),
  LIVE_MAX_MESSAGE_BYTES: variable(
    wholeNumber(1, 67_108_864),
    "size of an inbound message; more closes with 1009",
    DEFAULTS.maxMessageBytes,
  ),
  LIVE_MAX_MESSAGES_PER_SECOND: variable(
    wholeNumber(1, 1_000_000),
    "inbound messages per second and connection; more closes with 4429",
    DEFAULTS.maxMessagesPerSecond,
  ),
  LIVE_DIRECTUS_AUTH: variable(
    oneOf("public", "handshake", "strict"),
    "how clients of Directus's own protocol on /websocket authenticate: handshake = at the upgrade or by a message, strict = at the upgrade, public = as they like, or not at all",
    DEFAULTS.directusAuth,
  ),
  LIVE_REVALIDATE_INTERVAL_MS: variable(
    wholeNumber(0, DAY),
    "how often a connected session and its topics are checked again; 0 = never",
    DEFAULTS.revalidateIntervalMs,
  ),
  LIVE_REVALIDATE_GRACE_MS: variable(
    wholeNumber(0, 30 * DAY),
    "how long a session stays connected though Directus cannot be asked about it; 0 = for ever",
    DEFAULTS.revalidateGraceMs,
  ),
  LIVE_TOPICS: variable(
    topicSources(),
    "prefix=collection,…; a prefix not listed is the collection's own name",
    "",
    "none",
  ),
  LIVE_HISTORY_SIZE: variable(
    wholeNumber(0, 1_000_000),
    "messages that a topic keeps for recovery",
    DEFAULTS.historySize,
  ),
  LIVE_HISTORY_TTL_MS: variable(
    wholeNumber(1, 30 * DAY),
    "how long a topic keeps them, and how long an unused topic is kept",
    DEFAULTS.historyTtlMs,
  ),
  LIVE_HISTORY_MAX_BYTES: variable(
    wholeNumber(0, 1024 * GIB),
    "all topics together, and all views together; the longest unused goes first",
    DEFAULTS.historyMaxBytes,
  ),
  LIVE_VIEW_MAX_ROWS: variable(
    wholeNumber(1, 10_000),
    "rows of one view; a larger limit is refused",
    DEFAULTS.viewMaxRows,
  ),
  LIVE_VIEW_REFRESH_MS: variable(
    wholeNumber(0, DAY),
    "how often a view with subscribers is read though nothing reported a change; 0 = never",
    DEFAULTS.viewRefreshMs,
  ),
  LIVE_VIEW_CLASSES: variable(
    oneOf("on", "off"),
    "off: no two users share a view, for a Directus with hooks on reads",
    "on",
  ),
  LIVE_FLOW_PAYLOAD: variable(
    oneOf("none", "all"),
    "what a Flow's call puts on item topics: none = what happened, all = the payload with its values",
    "none",
  ),
  LIVE_FLUSH_INTERVAL_MS: variable(
    wholeNumber(0, 10 * MINUTE),
    "how long a topic's messages are gathered; 0 sends as soon as the event loop allows",
    DEFAULTS.flushIntervalMs,
  ),
  LIVE_TRANSPORT: variable(
    oneOf("deno", "ws"),
    "deno is Deno's own server; ws is node:http with npm ws, for the internet without a proxy",
    DEFAULTS.transport,
  ),
  LIVE_PUBLISH_TOKEN: optional(
    word("at least 16 visible ASCII characters", 16),
    "bearer token of the publish and revoke calls",
    "none: publishing off",
    true,
  ),
  OPS_HOST: variable(
    word("a host name or address"),
    "host of health, metrics and publish",
    "127.0.0.1",
  ),
  OPS_PORT: variable(wholeNumber(0, 65535), "port of health, metrics and publish", "9090"),
  OPS_ALLOWED_HOSTS: variable(
    hostNames(),
    "further Host names that the ops listener answers to, comma-separated",
    "",
    "none",
  ),
  REDIS_URL: optional(
    redisUrl(),
    "lets several instances work as one: redis[s]://[user:password@]host[:port][/database], " +
      "redis[s]+sentinel://…host:port,…/<master name>/<database>, or redis[s]+cluster://…host:port,…",
    "none: one process",
    true,
  ),
  REDIS_INGEST_STREAM: optional(
    word("1 to 512 visible ASCII characters"),
    "a Redis stream whose entries (topic, data as JSON, key, removed) are published, each once",
    "none",
  ),
  LIVE_THREADS: variable(
    wholeNumber(1, 256),
    "threads of the process that serve clients on one port",
    "1",
  ),
  INSTANCE_ID: optional(
    word("1 to 512 visible ASCII characters"),
    "label of metrics and logs",
    "a random one",
  ),
  LOG_LEVEL: variable(
    oneOf("DEBUG", "INFO", "WARN", "ERROR"),
    "lowest level that is logged",
    "INFO",
  ),
  LOG_FORMAT: variable(oneOf("json", "pretty"), "json for programs, pretty for people", "json"),
};
