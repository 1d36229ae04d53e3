/**
 * Live broadcast with authenticated users, to embed in a program of your own.
 *
 * {@linkcode createLive} builds the server from parts that all have a default. {@linkcode compose}
 * builds the whole application, with Directus and Redis, from environment variables.
 *
 * @example A server without users on a free port.
 * ```ts
 * import { createLive } from "./mod.ts";
 *
 * const live = createLive({ host: "127.0.0.1", port: 0 });
 * await live.start();
 * await live.publish([{ topic: "event:42", key: "car-7", data: { x: 1 } }]);
 * await live.stop();
 * ```
 *
 * @example The application, from its environment variables.
 * ```ts
 * import { compose, readConfig } from "./mod.ts";
 *
 * const result = readConfig({
 *   DIRECTUS_BASE_URL: "http://localhost:8055",
 *   LIVE_WS_PORT: "0",
 *   OPS_PORT: "0",
 *   LOG_LEVEL: "ERROR",
 * });
 * if (!result.ok) throw new TypeError(result.faults.join("\n"));
 * const application = compose(result.config);
 * await application.start();
 * await application.stop();
 * ```
 *
 * @module
 */

// The server as a whole.
export { createLive, type Live, type LiveOptions } from "./live.ts";
export { type Addresses, type Application, compose, type ComposeOptions } from "./application.ts";
export type { Config } from "./config/config.ts";
export { type ConfigResult, readConfig } from "./config/read_config.ts";

// Users and rights.
export type {
  AskOptions,
  Authentication,
  Authorisation,
  Authority,
  Unauthorized,
  Unavailable,
  User,
} from "./domain/authority.ts";
export { BearerToken, type Credential, Secret } from "./domain/credential.ts";
export { SessionCookie } from "./domain/session_cookie.ts";
export { createDirectusAuthority, type DirectusAuthorityOptions } from "./directus/authority.ts";
export {
  type CallLane,
  type CallOptions,
  type CompletedCall,
  createDirectusClient,
  type DirectusClient,
  type DirectusClientOptions,
} from "./directus/directus_client.ts";
export type {
  DirectusError,
  FailedRequest,
  JsonBody,
  JsonRequestOptions,
  JsonResponse,
} from "./directus/json_request.ts";
export { CachingAuthority, type CachingAuthorityOptions } from "./directus/caching_authority.ts";

// Views.
export type {
  AccessClass,
  Change,
  Row,
  Rows,
  Viewer,
  ViewRefused,
  ViewSource,
} from "./domain/view_source.ts";
export { type Filter, readViewQuery, type ViewQuery } from "./domain/view_query.ts";
export {
  DirectusViewSource,
  type DirectusViewSourceOptions,
  type Failure,
} from "./directus/view_source.ts";
export {
  type OpenedView,
  type SharedViews,
  type TooManyViews,
  Views,
  type ViewsChecked,
  type ViewsOptions,
} from "./views/views.ts";
export type { ReadFailure } from "./views/view_options.ts";
export type { LossReason } from "./views/view_members.ts";

// Publications, topics and their logs.
export { Publication, type PublicationInput } from "./domain/publication.ts";
export { parseTopic, type Topic, type TopicSource } from "./domain/topic.ts";
export { BrokerUnavailable } from "./domain/broker.ts";
export type {
  Broker,
  BrokerEvents,
  Cursor,
  ItemEvent,
  LoggedPublication,
  LogMeasure,
  Position,
  TopicLog,
} from "./domain/broker.ts";
export type { HistoryBudget } from "./history/history_budget.ts";
export { type Appended, TopicHistory, type TopicHistoryOptions } from "./history/topic_history.ts";
export { MemoryBroker, type MemoryBrokerOptions } from "./history/memory_broker.ts";
export type { ReplicaPosition } from "./history/replica.ts";
export { ReplicatedBroker, type ReplicatedBrokerOptions } from "./history/replicated_broker.ts";
export type { Announcement, LogState, StoredPublication } from "./history/stored_log.ts";
export type { ReadOptions, StoreUp, TopicListener, TopicStore } from "./history/topic_store.ts";
export type { RedisClient, RedisClientOptions } from "./redis/client.ts";
export type { Script } from "./redis/script.ts";
export { Ingest, type IngestOptions } from "./redis/ingest.ts";
export { createLink } from "./redis/create_link.ts";
export type {
  Link,
  LinkOptions,
  RedisAction,
  RedisSession,
  SessionListener,
} from "./redis/link.ts";
export { type Locator, RedisLink, type RedisLinkOptions } from "./redis/redis_link.ts";
export { RedisBroker, type RedisBrokerOptions } from "./redis/redis_broker.ts";
export type { RedisTopicStoreOptions } from "./redis/redis_topic_store.ts";
export { RedisRevocationBus, type RedisRevocationBusOptions } from "./redis/revocation_bus.ts";
export type { StoreBounds } from "./redis/store.ts";

export type { Place, Places } from "./domain/places.ts";

// Operation.
export type {
  ConnectionRow,
  ShownMessage,
  StatusPart,
  StatusQuery,
  Table,
  TopicContent,
  TopicRow,
  ViewRow,
} from "./domain/status.ts";
export { joinStatus } from "./domain/join_status.ts";
export type { ForeignAnswer, Health, Readiness } from "./ops/health.ts";
export { RefusalLog, type RefusalLogOptions, type RefusalReason } from "./domain/refusal_log.ts";
export { type Refusals, silentRefusals } from "./domain/refusal_log.ts";
export { createOpsHandler, type OpsHandler } from "./ops/ops_handler.ts";
export type { OperatedServer, OpsHandlerOptions } from "./ops/ops_options.ts";
export { createOpsServer, type OpsServer, type OpsServerOptions } from "./ops/ops_server.ts";
export type { Publish } from "./ops/publish.ts";
export type { Topics } from "./directus/flow_trigger.ts";
export { readRevocation, type Revocation, type RevocationBus } from "./domain/revocation.ts";
export { type PendingGrant, PendingGrants } from "./domain/pending_grants.ts";
export {
  createLocalRevoke,
  createRevoke,
  type LocalRevokeOptions,
  type Revoke,
  type Revoked,
  type RevokeOptions,
} from "./session/revoke.ts";
export {
  type AvoidedBy,
  type InboundType,
  type IngestResult,
  type Metrics,
  type OutboundType,
  type RevalidationResult,
  silentMetrics,
  type UpgradeResult,
  type ViewReadResult,
} from "./domain/metrics.ts";
export { type LogFields, type Logger, silentLogger } from "./domain/logger.ts";
export { createPrometheusMetrics, type PrometheusMetrics } from "./telemetry/prometheus_metrics.ts";
export { createStdLogger, type StdLoggerOptions } from "./telemetry/std_logger.ts";

// Connections and transports.
export type { LiveServerDeps, LiveServerOptions } from "./http/live_options.ts";
export type { Entered, Entrance, NotEntered } from "./directus_protocol/identity.ts";
export { createLiveServer, type DrainResult, type LiveServer } from "./http/live_server.ts";
export type { KeepOptions, Listener } from "./transport/kept_listener.ts";
export { openSpare, type Spare, SpareDescriptors } from "./transport/spare_descriptors.ts";
export type {
  Answer,
  Incoming,
  SocketEvents,
  Transport,
  TransportName,
  TransportOptions,
  Upgrade,
} from "./transport/transport.ts";
export { Connection, type ConnectionOptions } from "./connection/connection.ts";
export type { Socket } from "./domain/socket.ts";
export { BACKPRESSURE_REASON, CloseCode } from "./domain/close_codes.ts";

// Messages, and how they are rendered.
export type {
  ClientMessage,
  ErrorCode,
  ErrorMessage,
  PingMessage,
  PongMessage,
  ServerMessage,
  SubscribedMessage,
  SubscribeRequest,
  TopicRequest,
  UnsubscribedMessage,
  UnsubscribeRequest,
  WelcomeMessage,
} from "./domain/messages.ts";
export type { LogName, Wire } from "./domain/wire.ts";
export { jsonWire } from "./wire/json_wire.ts";

// The parts that createLive() assembles.
export type { FanOutOptions } from "./hub/fan_out.ts";
export type { Subscriber } from "./hub/subscriber.ts";
export type { OpenTopic, Subscription } from "./hub/subscription.ts";
export { Hub, type HubOptions, type SubscribeOptions, type SubscriptionStart } from "./hub/hub.ts";
export { Revalidator, type RevalidatorOptions } from "./session/revalidator.ts";
export type {
  CheckSummary,
  MonitoredConnection,
  MonitoredSession,
  SessionChecker,
} from "./session/session_checker.ts";
export type { AdmitOptions } from "./session/admit.ts";
export {
  createSessions,
  type FrameSession,
  type Session,
  type SessionFactory,
  type SessionOptions,
} from "./session/session.ts";
