/**
 * The composition root: builds the whole application from its configuration.
 *
 * @module
 */

import type { Config } from "./config/config.ts";
import { instanceIdOf, summaryOf } from "./config/summary.ts";
import { createDirectusAuthority } from "./directus/authority.ts";
import { createDirectusClient } from "./directus/directus_client.ts";
import { DirectusViewSource } from "./directus/view_source.ts";
import { BearerToken } from "./domain/credential.ts";
import { CachingAuthority } from "./directus/caching_authority.ts";
import { Deadline } from "./domain/deadline.ts";
import { Lifecycle } from "./domain/lifecycle.ts";
import type { Logger } from "./domain/logger.ts";
import { RefusalLog } from "./domain/refusal_log.ts";
import { MemoryBroker } from "./history/memory_broker.ts";
import type { DrainResult } from "./http/live_server.ts";
import { createLive, type LiveOptions } from "./live.ts";
import { liveSettings } from "./settings.ts";
import { createOpsHandler } from "./ops/ops_handler.ts";
import { createOpsServer } from "./ops/ops_server.ts";
import { DirectusBus } from "./redis/directus_bus.ts";
import { Ingest } from "./redis/ingest.ts";
import { createLink } from "./redis/create_link.ts";
import { RedisBroker } from "./redis/redis_broker.ts";
import { RedisRevocationBus } from "./redis/revocation_bus.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { openSpare, SpareDescriptors, warnOfFileLimit } from "./transport/spare_descriptors.ts";
import { EventLoopWatch } from "./telemetry/event_loop_watch.ts";
import { JoinedMetrics } from "./threads/joined_metrics.ts";
import { createThreadedLive } from "./threads/threaded_live.ts";
import { createPrometheusMetrics } from "./telemetry/prometheus_metrics.ts";
import { traceBroadcasts, traceFields } from "./telemetry/tracing.ts";

/** Where an application listens. Both are the same if it has one port. */
export interface Addresses {
  /** Address of the live listener. */
  readonly live: Deno.NetAddr;
  /** Address of the ops listener. */
  readonly ops: Deno.NetAddr;
}

/** The whole application: both listeners, and what is behind them. */
export interface Application {
  /** Its log. */
  readonly logger: Logger;
  /** Resolves to the error if a listener fails. */
  readonly lost: Promise<unknown>;
  /**
   * Starts both listeners; resolves to their addresses once they listen.
   *
   * @throws {Deno.errors.AddrInUse} If a port is taken. Whatever was opened is closed again.
   * @throws {TypeError} If it was started or stopped before.
   */
  start(): Promise<Addresses>;
  /**
   * Drains the live listener, then stops the ops listener; gives up on both at the deadline. If a start is
   * under way, the stop waits for it. Calling it again returns the first call's promise.
   *
   * @param timeoutMs How long it may take, in milliseconds. @default {config.LIVE_WS_DRAIN_TIMEOUT_MS}
   */
  stop(timeoutMs?: number): Promise<DrainResult>;
}

/** How the application runs. */
export interface ComposeOptions {
  /**
   * Whether there is one port: the ops routes are on the live listener, and `/metrics` needs the
   * token. @default {false}
   */
  readonly onePort?: boolean;
  /** How many files the process may open. @default {not known} */
  readonly maxOpenFiles?: number | undefined;
}

/** How long a stop waits until the last lines of the log are written, in milliseconds. */
const FLUSH_MS = 500;

/**
 * Builds the application. Nothing listens before {@linkcode Application.start}.
 *
 * It must be stopped even if it never started: the broker runs from the beginning.
 */
export function compose(config: Config, options: ComposeOptions = {}): Application {
  const { onePort = false, maxOpenFiles } = options;
  const { promise: lost, resolve: onLost } = Promise.withResolvers<unknown>();
  const spares = new SpareDescriptors(() => openSpare(spareAddress));
  let spareAddress: Deno.NetAddr;
  const instanceId = instanceIdOf(config);
  const log = logOf(config, instanceId);
  const { logger } = log;
  if (onePort && config.LIVE_THREADS > 1) {
    logger.warn("LIVE_THREADS is ignored: this platform runs one thread", {
      threads: config.LIVE_THREADS,
    });
  }
  const prometheus = createPrometheusMetrics(instanceId);
  const isThreaded = config.LIVE_THREADS > 1 && !onePort;
  const joined = isThreaded ? new JoinedMetrics(prometheus) : undefined;
  const metrics = joined?.own ?? traceBroadcasts(prometheus);
  const eventLoop = new EventLoopWatch({ metrics });
  const refusals = new RefusalLog({
    logger,
    metrics,
    fields: { cookie: { expected: config.DIRECTUS_SESSION_COOKIE } },
  });
  const directusOptions = {
    baseUrl: config.DIRECTUS_BASE_URL,
    timeoutMs: config.DIRECTUS_AUTH_TIMEOUT_MS,
    maxConcurrency: config.DIRECTUS_MAX_CONCURRENCY,
    topics: config.LIVE_TOPICS,
    fetch: globalThis.fetch,
    now: () => performance.now(),
    random: Math.random,
    metrics,
    logger,
  };
  const client = createDirectusClient(directusOptions);
  const directus = createDirectusAuthority(directusOptions, client);
  const { DIRECTUS_TOKEN: token, DIRECTUS_CACHE_TTL_MS: ttlMs } = config;
  const viewSource = new DirectusViewSource({
    client,
    topics: config.LIVE_TOPICS,
    token: token === undefined ? undefined : new BearerToken(token),
    isShared: config.LIVE_VIEW_CLASSES === "on",
    ttlMs,
    metrics,
    logger,
  });
  const settings = liveSettings(config);
  const { REDIS_URL: url, REDIS_INGEST_STREAM: stream } = config;
  const link = url === undefined ? undefined : createLink(url, { logger, metrics });
  const ingest = link === undefined || stream === undefined
    ? undefined
    : new Ingest({ ...settings, link, stream, instanceId, logger, metrics });
  const liveOptions: LiveOptions = {
    ...settings,
    authority: new CachingAuthority(directus, { ttlMs, metrics }),
    viewSource,
    broker: link === undefined
      ? new MemoryBroker({ ...settings, metrics })
      : new RedisBroker({ ...settings, link, logger, metrics }),
    revocationBus: link === undefined ? undefined : new RedisRevocationBus({ link, logger }),
    other: onePort ? (request) => handleOps(request) : undefined,
    instanceId,
    refusals,
    spares,
    onLost,
    metrics,
    logger,
  };
  const live = joined === undefined ? createLive(liveOptions) : createThreadedLive({
    ...liveOptions,
    threads: config.LIVE_THREADS,
    joined,
    log: logOptions(config, instanceId),
    writeLine: (line) => log.lines.write(line),
  });
  const { DIRECTUS_EVENTS_REDIS_URL: eventsUrl } = config;
  const bus = eventsUrl === undefined ? undefined : new DirectusBus({
    url: eventsUrl,
    onChange: (change) => live.noticed(change),
    logger,
  });
  const opsOptions = {
    server: live,
    metrics: {
      contentType: prometheus.contentType,
      async text() {
        await live.measure();
        return await prometheus.text();
      },
    },
    publishToken: config.LIVE_PUBLISH_TOKEN,
    exposed: onePort,
    about: { instance: instanceId, ...summaryOf(config) },
    topics: config.LIVE_TOPICS,
    flowPayload: config.LIVE_FLOW_PAYLOAD,
    foreignAnswer: () => client.foreignAnswer(),
    refusals,
  };
  const handleOps = createOpsHandler(opsOptions);
  const ops = onePort ? undefined : createOpsServer({
    ...opsOptions,
    host: config.OPS_HOST,
    port: config.OPS_PORT,
    allowedHosts: config.OPS_ALLOWED_HOSTS,
    spares,
    onLost,
    logger,
  });
  const lifecycle = new Lifecycle<Addresses, DrainResult>({
    name: "application",
    async open() {
      logger.info("starting", summaryOf(config));
      eventLoop.start();
      // The ops listener starts first, so that health checks get the answer "starting" and not no answer.
      const opsAddress = await ops?.start();
      link?.start();
      const liveAddress = await live.start();
      spareAddress = opsAddress ?? liveAddress;
      spares.hold();
      warnOfFileLimit(config.LIVE_MAX_CONNECTIONS, maxOpenFiles, logger);
      ingest?.start();
      bus?.start();
      return { ops: opsAddress ?? liveAddress, live: liveAddress };
    },
    async close(timeoutMs = config.LIVE_WS_DRAIN_TIMEOUT_MS) {
      using deadline = new Deadline(timeoutMs);
      const ingestStopped = ingest?.stop(); // another instance takes over during the drain
      const result = await live.stop(timeoutMs);
      await deadline.wait(Promise.all([ingestStopped, bus?.stop(), link?.stop(), ops?.stop()]));
      spares.close();
      refusals.stop();
      eventLoop.stop();
      await flush(log);
      return result;
    },
  });
  return {
    logger,
    lost,
    start: () => lifecycle.start(),
    stop: (timeoutMs) => lifecycle.stop(timeoutMs),
  };
}

/** Creates the log that the configuration describes. It writes to standard output. */
function logOf(config: Config, instance: string): Log {
  const options = logOptions(config, instance);
  return createLog({ ...options, context: traceFields, sink: Deno.stdout });
}

/** Returns the level, format and fields of the log. */
function logOptions({ LOG_LEVEL: level, LOG_FORMAT: format }: Config, instance: string) {
  return { level, format, fields: { instance } };
}

/** Writes the last lines of a log. Gives up if nothing reads standard output. */
async function flush({ lines }: Log): Promise<void> {
  using deadline = new Deadline(FLUSH_MS);
  await deadline.wait(lines.flush());
}
