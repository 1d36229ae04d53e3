/**
 * The composition root: puts the whole server together.
 *
 * @module
 */

import { createDirectusAuthority } from "./directus/authority.ts";
import { createShield } from "./directus/shield.ts";
import type { Config } from "./config/config.ts";
import type { Logger } from "./domain/logger.ts";
import { Deadline } from "./domain/deadline.ts";
import { createLiveServer, type DrainResult, type LiveServer } from "./http/live_server.ts";
import { createOpsHandler, createOpsServer, type OpsHandlerDeps } from "./ops/ops_server.ts";
import { Hub } from "./hub/hub.ts";
import { MemoryBroker } from "./history/memory_broker.ts";
import { RedisRevocationBus } from "./redis/revocation_bus.ts";
import { Ingest } from "./redis/ingest.ts";
import { RedisBroker } from "./redis/redis_broker.ts";
import { Revalidator } from "./session/revalidator.ts";
import { createRevoke } from "./session/revoke.ts";
import { createSessions } from "./session/session.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { createPrometheusMetrics } from "./telemetry/prometheus_metrics.ts";
import { traceBroadcasts, traceFields } from "./telemetry/tracing.ts";

/** The whole server: both listeners and what is behind them. */
export interface Application {
  /** Where its log goes. */
  readonly logger: Logger;
  /**
   * Starts both listeners, or the one for all; resolves to their addresses once they listen.
   *
   * @throws {Deno.errors.AddrInUse} If a port is taken; nothing listens then.
   */
  start(): Promise<{ live: Deno.NetAddr; ops: Deno.NetAddr }>;
  /**
   * Drains the live listener, then stops the ops listener; gives up on both at the deadline.
   *
   * @param timeoutMs How long it may take, in milliseconds. @default {config.LIVE_WS_DRAIN_TIMEOUT_MS}
   */
  stop(timeoutMs?: number): Promise<DrainResult>;
}

/** How long the last lines of the log may take, in milliseconds, if nobody reads them. */
const FLUSH_MS = 500;

/** How the server is run. */
export interface ComposeOptions {
  /** Whether it is one of several processes on the port. @default {false} */
  readonly shared?: boolean;
  /**
   * Whether there is one port for all: the ops routes are on the live listener too, and only there, and
   * metrics need the token. @default {false}
   */
  readonly onePort?: boolean;
}

/** Puts the server together from its configuration. Nothing listens yet. */
export function compose(config: Config, options: ComposeOptions = {}): Application {
  const { shared = false, onePort = false } = options;
  const instanceId = instanceIdOf(config);
  const log = logOf(config, instanceId);
  const { logger } = log;
  const metrics = traceBroadcasts(createPrometheusMetrics(instanceId));
  const directus = createDirectusAuthority({
    baseUrl: config.DIRECTUS_BASE_URL,
    timeoutMs: config.DIRECTUS_AUTH_TIMEOUT_MS,
    maxConcurrency: config.DIRECTUS_MAX_CONCURRENCY,
    topics: config.LIVE_TOPICS,
    metrics,
    logger,
  });
  const authority = createShield(directus, { ttlMs: config.DIRECTUS_CACHE_TTL_MS, metrics });
  const bounds = {
    historySize: config.LIVE_HISTORY_SIZE,
    historyTtlMs: config.LIVE_HISTORY_TTL_MS,
    historyMaxBytes: config.LIVE_HISTORY_MAX_BYTES,
  };
  const { REDIS_URL: url, REDIS_INGEST_STREAM: stream } = config;
  const broker = url === undefined
    ? new MemoryBroker({ ...bounds, metrics })
    : new RedisBroker({ ...bounds, url, logger, metrics });
  const ingest = url === undefined || stream === undefined
    ? undefined
    : new Ingest({ ...bounds, url, stream, instanceId, logger, metrics });
  const control = url === undefined ? undefined : new RedisRevocationBus({ url, logger });
  const intervalMs = config.LIVE_REVALIDATE_INTERVAL_MS;
  const guard = new Revalidator({ authority, intervalMs, metrics, logger });
  const thresholdBytes = config.LIVE_WS_BACKPRESSURE_THRESHOLD_BYTES;
  const flushIntervalMs = config.LIVE_FLUSH_INTERVAL_MS;
  const hub = new Hub({ broker, thresholdBytes, flushIntervalMs, metrics });
  const maxTopics = config.LIVE_MAX_TOPICS_PER_CONNECTION;
  let stopping = false;
  const opsDeps: OpsHandlerDeps = {
    exposed: onePort,
    publishToken: config.LIVE_PUBLISH_TOKEN,
    trouble: () => broker.trouble,
    strain: () => live.strain,
    readiness: () => stopping ? "draining" : live.accepting ? "ready" : "starting",
    metrics,
    publish: (publications) => hub.publish(publications),
    topics: config.LIVE_TOPICS,
    revoke: createRevoke({ guard, control, forget: authority.forget, logger }),
  };
  const ops = onePort ? undefined : createOpsServer({
    ...opsDeps,
    host: config.OPS_HOST,
    port: config.OPS_PORT,
    logger,
  });
  const live: LiveServer = createLiveServer({
    sessions: createSessions({ hub, authority, maxTopics, guard }),
    authority,
    backlogOf: (connection) => hub.backlogOf(connection),
    other: onePort ? createOpsHandler(opsDeps) : undefined,
    instanceId,
    metrics,
    logger,
    options: {
      transport: config.LIVE_TRANSPORT,
      host: config.LIVE_WS_HOST,
      port: config.LIVE_WS_PORT,
      reusePort: shared,
      pingIntervalMs: config.LIVE_WS_PING_INTERVAL_MS,
      drainTimeoutMs: config.LIVE_WS_DRAIN_TIMEOUT_MS,
      backpressureThresholdBytes: thresholdBytes,
      allowedOrigins: config.LIVE_ALLOWED_ORIGINS ??
        new Set([new URL(config.DIRECTUS_BASE_URL).origin]),
      cookieName: config.DIRECTUS_SESSION_COOKIE,
      maxConnections: config.LIVE_MAX_CONNECTIONS,
      maxConnectionsPerUser: config.LIVE_MAX_CONNECTIONS_PER_USER,
      maxMessageBytes: config.LIVE_MAX_MESSAGE_BYTES,
      maxMessagesPerSecond: config.LIVE_MAX_MESSAGES_PER_SECOND,
      messageBurst: 2 * maxTopics, // a client that comes back subscribes to all its topics at once
    },
  });

  async function stop(timeoutMs = config.LIVE_WS_DRAIN_TIMEOUT_MS): Promise<DrainResult> {
    stopping = true;
    using deadline = new Deadline(timeoutMs);
    const ingested = ingest?.stop(); // another instance takes the lead meanwhile
    const result = await live.stop(timeoutMs);
    await deadline.wait(Promise.all([ingested, control?.stop(), hub.stop(), ops?.stop()]));
    await flush(log);
    return result;
  }

  async function start(): Promise<{ live: Deno.NetAddr; ops: Deno.NetAddr }> {
    try {
      // Health answers first: whoever watches the start sees "starting", not a refused connection.
      const opsAddr = await ops?.start();
      const liveAddr = await live.start();
      ingest?.start();
      return { ops: opsAddr ?? liveAddr, live: liveAddr };
    } catch (error) {
      await stop(0);
      throw error;
    }
  }

  return { logger, start, stop };
}

/** Returns the name of an instance; a random one if it has none. */
export function instanceIdOf(config: Config): string {
  return config.INSTANCE_ID ?? crypto.randomUUID().slice(0, 8);
}

/** Creates the log that the configuration asks for. */
export function logOf({ LOG_LEVEL: level, LOG_FORMAT: format }: Config, instance: string): Log {
  return createLog({
    level,
    format,
    fields: { instance },
    moment: traceFields,
    sink: Deno.stdout,
  });
}

/** Has the last lines of a log written; gives up on them if nobody reads. */
export async function flush({ lines }: Log): Promise<void> {
  using deadline = new Deadline(FLUSH_MS);
  await deadline.wait(lines.flush());
}
