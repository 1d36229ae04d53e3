/**
 * The parts of the live server, to embed it in a program of one's own.
 *
 * @example A server without users, which listens on a free port.
 * ```ts
 * import {
 *   createLiveServer,
 *   createSessions,
 *   Hub,
 *   MemoryBroker,
 *   Publication,
 *   silentMetrics,
 * } from "./mod.ts";
 *
 * const metrics = silentMetrics;
 * const broker = new MemoryBroker({
 *   historySize: 256,
 *   historyTtlMs: 300_000,
 *   historyMaxBytes: 268_435_456,
 *   metrics,
 * });
 * const hub = new Hub({ broker, metrics, thresholdBytes: 1_048_576 });
 * const sessions = createSessions({ hub, maxTopics: 128 });
 * const server = createLiveServer({ sessions, options: { host: "127.0.0.1", port: 0 } });
 *
 * await server.start();
 * await hub.publish([Publication.from({ topic: "event:42", key: "car-7", data: { x: 1 } })]);
 * await server.stop();
 * await hub.stop();
 * ```
 *
 * @module
 */

export { Connection, type ConnectionOptions } from "./connection/connection.ts";
export { createDirectusAuthority, type DirectusAuthorityOptions } from "./directus/authority.ts";
export { createShield, type Shield, type ShieldOptions } from "./directus/shield.ts";
export type {
  AskOptions,
  Authentication,
  Authorisation,
  Authority,
  Unauthorized,
  Unavailable,
  User,
} from "./domain/authority.ts";
export { BrokerUnavailable } from "./domain/broker.ts";
export type {
  Broker,
  BrokerEvents,
  Cursor,
  LoggedPublication,
  Position,
  TopicLog,
} from "./domain/broker.ts";
export { BACKPRESSURE_REASON, CloseCode } from "./domain/close_codes.ts";
export { readRevocation, type Revocation, type RevocationBus } from "./domain/revocation.ts";
export { type LogFields, type Logger, silentLogger } from "./domain/logger.ts";
export {
  type AvoidedBy,
  type InboundType,
  type IngestResult,
  type Metrics,
  type OutboundType,
  type RevalidationResult,
  silentMetrics,
  type UpgradeResult,
} from "./domain/metrics.ts";
export type {
  ClientMessage,
  ErrorCode,
  ErrorMessage,
  ServerMessage,
  SubscribedMessage,
  SubscribeRequest,
  UnsubscribedMessage,
  UnsubscribeRequest,
  WelcomeMessage,
} from "./domain/messages.ts";
export { Publication, type PublicationInput } from "./domain/publication.ts";
export { SessionCookie } from "./domain/session_cookie.ts";
export type { Socket } from "./domain/socket.ts";
export type { LogName, Wire } from "./domain/wire.ts";
export { parseTopic, type Topic, type TopicSource } from "./domain/topic.ts";
export type { FanOutOptions } from "./hub/fan_out.ts";
export type { Subscriber } from "./hub/subscriber.ts";
export type { LiveServerOptions } from "./http/live_options.ts";
export { Hub, type HubOptions, type SubscribeOptions, type SubscriptionStart } from "./hub/hub.ts";
export { MemoryBroker, type MemoryBrokerOptions } from "./history/memory_broker.ts";
export {
  createLiveServer,
  type DrainResult,
  type LiveServer,
  type LiveServerDeps,
} from "./http/live_server.ts";
export {
  createOpsServer,
  type OpsHandlerDeps,
  type OpsServer,
  type OpsServerDeps,
  type Readiness,
} from "./ops/ops_server.ts";
export type { TransportName } from "./transport/transport.ts";
export type { Topics } from "./directus/flow_trigger.ts";
export type { Publish } from "./ops/publish.ts";
export { type RedisControlOptions, RedisRevocationBus } from "./redis/revocation_bus.ts";
export { Ingest, type IngestOptions } from "./redis/ingest.ts";
export { RedisBroker, type RedisBrokerOptions } from "./redis/redis_broker.ts";
export type { StoreBounds } from "./redis/store.ts";
export { Revalidator, type RevalidatorOptions } from "./session/revalidator.ts";
export type {
  Group,
  MonitoredSession,
  Revalidation,
  RevalidationSummary,
} from "./session/revalidation.ts";
export { createRevoke, type Revoke, type Revoked, type RevokeOptions } from "./session/revoke.ts";
export {
  createSessions,
  type Session,
  type SessionFactory,
  type SessionOptions,
} from "./session/session.ts";
export { createPrometheusMetrics, type PrometheusMetrics } from "./telemetry/prometheus_metrics.ts";
export { createStdLogger, type StdLoggerOptions } from "./telemetry/std_logger.ts";
export { jsonWire } from "./wire/json_wire.ts";
