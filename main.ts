/**
 * The composition root: puts the server together and runs it.
 *
 * @module
 */

import { createDirectusAuthority } from "./live/directus/authority.ts";
import { createShield } from "./live/directus/shield.ts";
import { type Config, readConfig, variables } from "./live/domain/config.ts";
import type { Logger } from "./live/domain/logger.ts";
import { usage } from "./live/domain/usage.ts";
import { Deadline } from "./live/http/deadline.ts";
import { createLiveServer, type DrainResult } from "./live/http/live_server.ts";
import { createOpsServer } from "./live/http/ops_server.ts";
import { Hub } from "./live/hub/hub.ts";
import { MemoryBroker } from "./live/hub/memory_broker.ts";
import { RedisControl } from "./live/redis/control.ts";
import { Ingest } from "./live/redis/ingest.ts";
import { RedisBroker } from "./live/redis/redis_broker.ts";
import { Guard } from "./live/session/guard.ts";
import { createRevoke } from "./live/session/revoke.ts";
import { createSessions } from "./live/session/session.ts";
import { LineWriter } from "./live/telemetry/line_writer.ts";
import { createPrometheusMetrics } from "./live/telemetry/prometheus_metrics.ts";
import { createStdLogger } from "./live/telemetry/std_logger.ts";
import denoJson from "./deno.json" with { type: "json" };

/** The whole server: both listeners and what is behind them. */
export interface Application {
  /** Where its log goes. */
  readonly logger: Logger;
  /**
   * Starts both listeners; resolves to their addresses once they listen.
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

/** Exit codes: a start that failed, and a configuration that is at fault. */
const EXIT_FAILED = 1;
const EXIT_BAD_CONFIG = 2;

/** How long the last lines of the log may take, in milliseconds, if nobody reads them. */
const FLUSH_MS = 500;

/** Puts the server together from its configuration. Nothing listens yet. */
export function compose(config: Config): Application {
  const instanceId = config.INSTANCE_ID ?? crypto.randomUUID().slice(0, 8);
  const lines = new LineWriter({
    sink: Deno.stdout,
    onDropped: (count) => logger.warn("log lines dropped", { count }),
  });
  const logger = createStdLogger({
    level: config.LOG_LEVEL,
    format: config.LOG_FORMAT,
    fields: { instance: instanceId },
    write: (line) => lines.write(line),
  });
  const metrics = createPrometheusMetrics(instanceId);
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
  const control = url === undefined ? undefined : new RedisControl({ url, logger });
  const intervalMs = config.LIVE_REVALIDATE_INTERVAL_MS;
  const guard = new Guard({ authority, intervalMs, metrics, logger });
  const thresholdBytes = config.LIVE_WS_BACKPRESSURE_THRESHOLD_BYTES;
  const flushIntervalMs = config.LIVE_FLUSH_INTERVAL_MS;
  const hub = new Hub({ broker, thresholdBytes, flushIntervalMs, metrics });
  const maxTopics = config.LIVE_MAX_TOPICS_PER_CONNECTION;
  const live = createLiveServer({
    sessions: createSessions({ hub, authority, maxTopics, guard }),
    authority,
    instanceId,
    metrics,
    logger,
    options: {
      transport: config.LIVE_TRANSPORT,
      host: config.LIVE_WS_HOST,
      port: config.LIVE_WS_PORT,
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
  let stopping = false;
  const ops = createOpsServer({
    host: config.OPS_HOST,
    port: config.OPS_PORT,
    publishToken: config.LIVE_PUBLISH_TOKEN,
    trouble: () => broker.trouble,
    strain: () => live.strain,
    readiness: () => stopping ? "draining" : live.accepting ? "ready" : "starting",
    metrics,
    publish: (publications) => hub.publish(publications),
    topics: config.LIVE_TOPICS,
    revoke: createRevoke({ guard, control, forget: authority.forget, logger }),
    logger,
  });

  async function stop(timeoutMs = config.LIVE_WS_DRAIN_TIMEOUT_MS): Promise<DrainResult> {
    stopping = true;
    using deadline = new Deadline(timeoutMs);
    const ingested = ingest?.stop(); // another instance takes the lead meanwhile
    const result = await live.stop(timeoutMs);
    await deadline.wait(Promise.all([ingested, control?.stop(), hub.stop(), ops.stop()]));
    using last = new Deadline(FLUSH_MS);
    await last.wait(lines.flush());
    return result;
  }

  async function start(): Promise<{ live: Deno.NetAddr; ops: Deno.NetAddr }> {
    try {
      // Health answers first: whoever watches the start sees "starting", not a refused connection.
      const opsAddr = await ops.start();
      const liveAddr = await live.start();
      ingest?.start();
      return { ops: opsAddr, live: liveAddr };
    } catch (error) {
      await stop(0);
      throw error;
    }
  }

  return { logger, start, stop };
}

/** Runs the server until a signal: the first drains it, a second ends it at once. */
async function run(config: Config): Promise<void> {
  const application = compose(config);
  const { logger } = application;
  // The last resort against a fault of ours: told, and no reason to disconnect thousands.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logger.error("unhandled rejection", { error: event.reason });
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    logger.error("uncaught error", { error: event.error });
  });
  let signals = 0;
  const onSignal = (name: Deno.Signal, number: number) => async () => {
    if (++signals > 1) Deno.exit(128 + number);
    logger.info("signal received", { signal: name });
    await application.stop();
    Deno.exit(0); // ends sockets that cannot be ended otherwise
  };
  Deno.addSignalListener("SIGINT", onSignal("SIGINT", 2));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", onSignal("SIGTERM", 15));
  await application.start();
}

async function main(args: readonly string[]): Promise<void> {
  const [option] = args;
  if (option === "--help" || option === "-h") return print(usage(denoJson.version));
  if (option === "--version" || option === "-V") return print(`live ${denoJson.version}`);
  if (option !== undefined) fail(EXIT_BAD_CONFIG, `Unknown option ${option}: try --help`);
  const names = Object.keys(variables); // one by one: the permission covers these, not all
  const env = Object.fromEntries(names.map((name) => [name, Deno.env.get(name)]));
  const result = readConfig(env);
  if (!result.ok) fail(EXIT_BAD_CONFIG, ...result.faults);
  try {
    await run(result.config);
  } catch (error) {
    fail(EXIT_FAILED, error instanceof Error ? error.message : String(error));
  }
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function fail(code: number, ...lines: readonly string[]): never {
  Deno.stderr.writeSync(new TextEncoder().encode(`${lines.join("\n")}\n`));
  Deno.exit(code);
}

if (import.meta.main) await main(Deno.args);
