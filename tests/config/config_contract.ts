/**
 * The environment variables and their defaults, as operators rely on them.
 *
 * @module
 */

/** One variable. */
export interface VariableRow {
  /** Its name. */
  readonly name: string;
  /** Its value while it is unset. */
  readonly value: unknown;
  /** What `--help` shows as its default. */
  readonly shown: string;
}

const row = (name: string, value: unknown, shown = `default: ${value}`): VariableRow => ({
  name,
  value,
  shown,
});

/** The only required variable. */
export const REQUIRED = "DIRECTUS_BASE_URL";

/** A valid value of it. */
export const BASE_URL = "http://directus.test:8055";

/** All variables, in the order of `--help`. */
export const variableRows: readonly VariableRow[] = [
  row(REQUIRED, BASE_URL, "required"),
  row("DIRECTUS_AUTH_TIMEOUT_MS", 5_000),
  row("DIRECTUS_SESSION_COOKIE", "directus_session_token"),
  row("DIRECTUS_MAX_CONCURRENCY", 16),
  row("DIRECTUS_CACHE_TTL_MS", 5_000),
  row("DIRECTUS_TOKEN", undefined, "default: none"),
  row("DIRECTUS_EVENTS_REDIS_URL", undefined, "default: none"),
  row("LIVE_WS_HOST", "0.0.0.0"),
  row("LIVE_WS_PORT", 8080),
  row("LIVE_WS_PING_INTERVAL_MS", 15_000),
  row("LIVE_WS_DRAIN_TIMEOUT_MS", 10_000),
  row("LIVE_WS_BACKPRESSURE_THRESHOLD_BYTES", 1_048_576),
  row("LIVE_ALLOWED_ORIGINS", undefined, "default: Directus's own origin"),
  row("LIVE_MAX_CONNECTIONS", 50_000),
  row("LIVE_MAX_CONNECTIONS_PER_USER", 32),
  row("LIVE_MAX_TOPICS_PER_CONNECTION", 128),
  row("LIVE_MAX_MESSAGE_BYTES", 65_536),
  row("LIVE_MAX_MESSAGES_PER_SECOND", 50),
  row("LIVE_DIRECTUS_AUTH", "handshake"),
  row("LIVE_REVALIDATE_INTERVAL_MS", 60_000),
  row("LIVE_REVALIDATE_GRACE_MS", 3_600_000),
  row("LIVE_TOPICS", new Map(), "default: none"),
  row("LIVE_HISTORY_SIZE", 256),
  row("LIVE_HISTORY_TTL_MS", 300_000),
  row("LIVE_HISTORY_MAX_BYTES", 268_435_456),
  row("LIVE_VIEW_MAX_ROWS", 1_000),
  row("LIVE_VIEW_REFRESH_MS", 60_000),
  row("LIVE_VIEW_CLASSES", "on"),
  row("LIVE_FLOW_PAYLOAD", "none"),
  row("LIVE_FLUSH_INTERVAL_MS", 0),
  row("LIVE_TRANSPORT", "deno"),
  row("LIVE_PUBLISH_TOKEN", undefined, "default: none: publishing off"),
  row("OPS_HOST", "127.0.0.1"),
  row("OPS_PORT", 9090),
  row("OPS_ALLOWED_HOSTS", new Set(), "default: none"),
  row("REDIS_URL", undefined, "default: none: one process"),
  row("REDIS_INGEST_STREAM", undefined, "default: none"),
  row("LIVE_THREADS", 1),
  row("INSTANCE_ID", undefined, "default: a random one"),
  row("LOG_LEVEL", "INFO"),
  row("LOG_FORMAT", "json"),
];
