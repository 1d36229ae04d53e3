/**
 * The configuration.
 *
 * @module
 */

import type { TopicSource } from "../domain/topic.ts";

/** The value of each environment variable, under the variable's name. */
export interface Config {
  /** Address of Directus, without a slash at the end. */
  readonly DIRECTUS_BASE_URL: string;
  /** Upper bound of one call to Directus. */
  readonly DIRECTUS_AUTH_TIMEOUT_MS: number;
  /** Name of the session cookie, the only cookie that is forwarded. */
  readonly DIRECTUS_SESSION_COOKIE: string;
  /** Calls to Directus in flight. */
  readonly DIRECTUS_MAX_CONCURRENCY: number;
  /** How long an answer of Directus is cached; 0 is not at all. */
  readonly DIRECTUS_CACHE_TTL_MS: number;
  /** Static token that may read the access rules of Directus. */
  readonly DIRECTUS_TOKEN: string | undefined;
  /** Address of the Redis that Directus itself uses. */
  readonly DIRECTUS_EVENTS_REDIS_URL: string | undefined;
  /** Host of the live listener. */
  readonly LIVE_WS_HOST: string;
  /** Port of the live listener; 0 takes a free one. */
  readonly LIVE_WS_PORT: number;
  /** How long a peer may be silent before it is pinged. After the same time again it is closed. */
  readonly LIVE_WS_PING_INTERVAL_MS: number;
  /** Upper bound of the drain. */
  readonly LIVE_WS_DRAIN_TIMEOUT_MS: number;
  /** Unsent bytes at which a connection is closed with 1008. */
  readonly LIVE_WS_BACKPRESSURE_THRESHOLD_BYTES: number;
  /** Origins whose pages may connect; `*` allows all. Directus's own origin if `undefined`. */
  readonly LIVE_ALLOWED_ORIGINS: ReadonlySet<string> | undefined;
  /** Connections in total. */
  readonly LIVE_MAX_CONNECTIONS: number;
  /** Connections per user. */
  readonly LIVE_MAX_CONNECTIONS_PER_USER: number;
  /** Topics per connection. */
  readonly LIVE_MAX_TOPICS_PER_CONNECTION: number;
  /** Size of an inbound message. */
  readonly LIVE_MAX_MESSAGE_BYTES: number;
  /** Inbound messages per second and connection. */
  readonly LIVE_MAX_MESSAGES_PER_SECOND: number;
  /** How clients of Directus's own protocol authenticate. */
  readonly LIVE_DIRECTUS_AUTH: "public" | "handshake" | "strict";
  /** How often sessions and their topics are checked again; 0 is never. */
  readonly LIVE_REVALIDATE_INTERVAL_MS: number;
  /** How long a session stays connected while Directus cannot be asked about it; 0 is for ever. */
  readonly LIVE_REVALIDATE_GRACE_MS: number;
  /** Collections by topic prefix; a prefix that is missing is the collection's own name. */
  readonly LIVE_TOPICS: ReadonlyMap<string, TopicSource>;
  /** Messages that a topic keeps for recovery. */
  readonly LIVE_HISTORY_SIZE: number;
  /** How long a topic keeps them. */
  readonly LIVE_HISTORY_TTL_MS: number;
  /** Bytes that all topics keep together. */
  readonly LIVE_HISTORY_MAX_BYTES: number;
  /** Rows of one view. */
  readonly LIVE_VIEW_MAX_ROWS: number;
  /** How often a view is read even if nothing reported a change; 0 is never. */
  readonly LIVE_VIEW_REFRESH_MS: number;
  /** Whether users may share views. */
  readonly LIVE_VIEW_CLASSES: "on" | "off";
  /** What a Flow's call puts on item topics. */
  readonly LIVE_FLOW_PAYLOAD: "none" | "all";
  /** How long a topic's messages are gathered before they are sent. */
  readonly LIVE_FLUSH_INTERVAL_MS: number;
  /** What carries connections. */
  readonly LIVE_TRANSPORT: "deno" | "ws";
  /** Bearer token of the publish and revoke calls, which are off without it. */
  readonly LIVE_PUBLISH_TOKEN: string | undefined;
  /** Host of the ops listener. */
  readonly OPS_HOST: string;
  /** Port of the ops listener; 0 takes a free one. */
  readonly OPS_PORT: number;
  /** Names that the ops listener answers to, beside its own, localhost names and IP addresses. */
  readonly OPS_ALLOWED_HOSTS: ReadonlySet<string>;
  /** Address of the Redis that several instances share. */
  readonly REDIS_URL: string | undefined;
  /** Name of the Redis stream whose entries are published. */
  readonly REDIS_INGEST_STREAM: string | undefined;
  /** Threads that serve clients on one port. */
  readonly LIVE_THREADS: number;
  /** Name of this instance in metrics and logs; a random one if `undefined`. */
  readonly INSTANCE_ID: string | undefined;
  /** The lowest level that is logged. */
  readonly LOG_LEVEL: "DEBUG" | "INFO" | "WARN" | "ERROR";
  /** `json` for programs, `pretty` for people. */
  readonly LOG_FORMAT: "json" | "pretty";
}
