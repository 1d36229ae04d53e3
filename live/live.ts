/**
 * The live server as one object, for programs that embed it.
 *
 * @module
 */

import { DEFAULTS } from "./config/defaults.ts";
import { DirectusSessions } from "./directus_protocol/directus_sessions.ts";
import { type Authority, noUsers } from "./domain/authority.ts";
import type { Broker, Position } from "./domain/broker.ts";
import { Deadline } from "./domain/deadline.ts";
import { Lifecycle } from "./domain/lifecycle.ts";
import { silentLogger } from "./domain/logger.ts";
import { silentMetrics } from "./domain/metrics.ts";
import { PendingGrants } from "./domain/pending_grants.ts";
import { Publication, type PublicationInput } from "./domain/publication.ts";
import { primaryKeyOf } from "./domain/topic.ts";
import type { Change, ViewSource } from "./domain/view_source.ts";
import type { Revocation, RevocationBus } from "./domain/revocation.ts";
import { MemoryBroker } from "./history/memory_broker.ts";
import type { LiveServerDeps, LiveServerOptions } from "./http/live_options.ts";
import { createLiveServer, type DrainResult, type LiveServer } from "./http/live_server.ts";
import { Hub } from "./hub/hub.ts";
import { createChangeHandler } from "./session/directus_changes.ts";
import { ChangeFeed, changePublication } from "./views/change_feed.ts";
import { withViews } from "./views/view_broker.ts";
import { type SharedViews, Views } from "./views/views.ts";
import type { Readiness } from "./ops/health.ts";
import type { OperatedServer } from "./ops/ops_options.ts";
import { Revalidator } from "./session/revalidator.ts";
import { createLocalRevoke, createRevoke, type Revoke } from "./session/revoke.ts";
import { contentOf, statusOf } from "./session/status.ts";
import { createSessions, type SessionOptions } from "./session/session.ts";

/** Options and parts of a live server. Everything has a default. */
export interface LiveOptions extends
  LiveServerOptions,
  Pick<
    LiveServerDeps,
    "instanceId" | "logger" | "metrics" | "onLost" | "other" | "places" | "refusals" | "spares"
  >,
  Pick<SessionOptions, "topics"> {
  /**
   * Identifies users by their session cookie or bearer token and decides what they may subscribe to.
   *
   * @default {none: everybody may connect and subscribe to any topic}
   */
  readonly authority?: Authority | undefined;
  /**
   * Stores the topics' logs. The server stops it.
   *
   * @default {a MemoryBroker with 256 messages per topic, 5 minutes and 256 MiB}
   */
  readonly broker?: Broker;
  /**
   * Reads views, and decides which sessions may share one.
   *
   * @default {none: there are no views}
   */
  readonly viewSource?: ViewSource | undefined;
  /**
   * Views that another thread keeps. It opens their logs through the broker, and reports changes in
   * Directus with {@linkcode Live.noticed}.
   *
   * @default {the views of viewSource}
   */
  readonly views?: SharedViews | undefined;
  /** How often a view is read even if nothing reported a change, in milliseconds. @default {60_000} */
  readonly viewRefreshMs?: number;
  /** Publications that each topic keeps, for views. @default {256} */
  readonly historySize?: number;
  /** How long publications are kept, in milliseconds, for views. @default {300_000} */
  readonly historyTtlMs?: number;
  /** How much all views may hold together, in bytes. @default {268_435_456} */
  readonly historyMaxBytes?: number;
  /** Passes revocations on to other instances. @default {none} */
  readonly revocationBus?: RevocationBus | undefined;
  /** How long a topic's messages are gathered before they are sent, in milliseconds. @default {0} */
  readonly flushIntervalMs?: number;
  /**
   * How often a connected session and its topics are checked again, in milliseconds; 0 is never.
   *
   * @default {60_000}
   */
  readonly revalidateIntervalMs?: number;
  /**
   * How long a session stays connected while the authority cannot be asked about it, in milliseconds; 0 is
   * for ever.
   *
   * @default {3_600_000}
   */
  readonly revalidateGraceMs?: number;
}

/** A live server: its listener, and everything behind it. */
export interface Live extends LiveServer, OperatedServer {
  /**
   * Appends publications in their order, all or none.
   *
   * @returns Their positions, once they are in the logs. Subscribers may not have got them yet.
   * @throws {TypeError} If a publication is not valid.
   * @throws {BrokerUnavailable} If they are not in the logs, or if that is not known.
   */
  publish(publications: readonly PublicationInput[]): Promise<Position[]>;
  /** Brings the metrics up to date. A server with one thread resolves at once. */
  measure(): Promise<void>;
  /** Closes connections, or checks the rights to a topic again at once. */
  readonly revoke: Revoke;
  /** The same for only this server's connections, if the caller reaches the other servers itself. */
  readonly revokeHere: Revoke;
  /**
   * Tells all instances that items have changed in Directus, together with publications about it.
   *
   * @returns The publications' positions.
   * @throws {BrokerUnavailable} If they are not in the logs, or if that is not known.
   */
  changed(change: Change, publications?: readonly PublicationInput[]): Promise<Position[]>;
  /**
   * Tells only this instance that items have changed in Directus. It is for sources that every instance
   * reads itself. Without a change, it says that changes may have been missed.
   */
  noticed(change?: Change): void;
}

/** Creates the views of a source; `undefined` without one. */
export function createViews(options: LiveOptions): Views | undefined {
  const { viewSource: source, metrics = silentMetrics } = options;
  if (source === undefined) return undefined;
  const bounds = { ...DEFAULTS, ...options };
  const { viewRefreshMs: refreshMs, historyMaxBytes: maxBytes } = bounds;
  return new Views({ ...bounds, source, refreshMs, maxBytes, metrics });
}

/**
 * Creates a live server. Nothing listens before {@linkcode Live.start}.
 *
 * The server must be stopped even if it never started: the broker runs from the beginning.
 */
export function createLive(options: LiveOptions = {}): Live {
  const { metrics = silentMetrics, logger = silentLogger, authority, revocationBus } = options;
  const broker: Broker = options.broker ?? new MemoryBroker({ ...DEFAULTS, metrics });
  const bounds = { ...DEFAULTS, ...options };
  const { backpressureThresholdBytes: thresholdBytes, flushIntervalMs, maxTopics } = bounds;
  const ownViews = createViews(options);
  const views = options.views ?? ownViews;
  const logs = ownViews === undefined ? broker : withViews(broker, ownViews);
  const hub = new Hub({ broker: logs, metrics, thresholdBytes, flushIntervalMs });
  const revalidator = new Revalidator({
    views,
    authority: authority ?? noUsers,
    intervalMs: bounds.revalidateIntervalMs,
    graceMs: bounds.revalidateGraceMs,
    metrics,
    logger,
  });
  const directusSessions = views && new DirectusSessions({
    hub,
    views,
    primaryKeyOf: (collection) => primaryKeyOf(collection, options.topics ?? new Map()),
    maxRows: bounds.viewMaxRows,
    maxTopics,
    monitor: revalidator,
    metrics,
    logger,
  });
  const openConnections = () => revalidator.connections.map(({ connection }) => connection);
  const pendingGrants = new PendingGrants();
  const server = createLiveServer({
    ...options,
    pendingGrants,
    directusSessions: directusSessions &&
      ((connection, entrance) => directusSessions.open(connection, entrance)),
    sessions: createSessions({
      hub,
      authority,
      views,
      refusals: options.refusals,
      topics: options.topics,
      maxRows: bounds.viewMaxRows,
      maxTopics,
      revalidator,
    }),
    backlogOf: (connection) =>
      hub.backlogOf(connection) + (directusSessions?.backlogOf(connection) ?? 0),
    options,
  });
  const forget = (revocation?: Revocation) => authority?.forget?.(revocation);
  const onChange = views && createChangeHandler({ views, revalidator, forget });
  const feed = ownViews && onChange && new ChangeFeed({ hub, onChange, logger });
  const lifecycle = new Lifecycle<Deno.NetAddr, DrainResult>({
    name: "live server",
    open() {
      feed?.start();
      return server.start();
    },
    async close(timeoutMs = bounds.drainTimeoutMs) {
      using deadline = new Deadline(timeoutMs);
      const result = await server.stop(timeoutMs);
      feed?.stop();
      await deadline.wait(hub.stop());
      return result;
    },
  });

  const revokeHere = createLocalRevoke({ revalidator, pending: pendingGrants });

  return {
    get accepting() {
      return server.accepting;
    },
    get readiness(): Readiness {
      return lifecycle.stopped ? "draining" : server.accepting ? "ready" : "starting";
    },
    get trouble() {
      return broker.trouble;
    },
    get partialTrouble() {
      return broker.partialTrouble;
    },
    get strain() {
      return server.strain;
    },
    handler: server.handler,
    start: () => lifecycle.start(),
    stop: (timeoutMs) => lifecycle.stop(timeoutMs),
    // deno-lint-ignore require-await -- an invalid publication must reject
    async publish(publications) {
      return hub.publish(publications.map((publication) => Publication.from(publication)));
    },
    async changed(change, publications = []) {
      const about = publications.map((publication) => Publication.from(publication));
      const [, ...positions] = await hub.publish([changePublication(change), ...about]);
      return positions;
    },
    noticed: (change) => onChange?.(change),
    status: (query) => statusOf({ hub, views: ownViews, connections: openConnections }, query),
    content: (topic, since) => contentOf(hub, topic, since),
    measure: () => Promise.resolve(),
    revokeHere,
    revoke: createRevoke({
      local: revokeHere,
      bus: revocationBus,
      forget,
      logger,
    }),
  };
}
