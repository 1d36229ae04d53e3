/**
 * A live server whose clients are served by several threads.
 *
 * @module
 */

import { DEFAULTS } from "../config/defaults.ts";
import type { Broker, Position } from "../domain/broker.ts";
import { Lifecycle } from "../domain/lifecycle.ts";
import { silentLogger } from "../domain/logger.ts";
import { Publication } from "../domain/publication.ts";
import { silentRefusals } from "../domain/refusal_log.ts";
import type { Revocation } from "../domain/revocation.ts";
import { MemoryBroker } from "../history/memory_broker.ts";
import { joinStatus } from "../domain/join_status.ts";
import type { StatusQuery } from "../domain/status.ts";
import type { DrainResult } from "../http/live_server.ts";
import { Hub } from "../hub/hub.ts";
import { createViews, type Live, type LiveOptions } from "../live.ts";
import type { Readiness } from "../ops/health.ts";
import { createChangeHandler } from "../session/directus_changes.ts";
import { contentOf, statusOf } from "../session/status.ts";
import { createRevoke, type Revoked } from "../session/revoke.ts";
import { isTracing } from "../telemetry/tracing.ts";
import { takeFreePort } from "../transport/listener.ts";
import { ChangeFeed, changePublication } from "../views/change_feed.ts";
import { withViews } from "../views/view_broker.ts";
import type { JoinedMetrics } from "./joined_metrics.ts";
import { PlaceBook } from "./place_book.ts";
import type { CopiedOptions, ThreadOrders } from "./protocol.ts";
import { spawnThread } from "./spawn.ts";
import { type Spawn, Thread } from "./thread.ts";
import { TopicHost } from "./topic_host.ts";

/** Options of a live server with several threads. */
export interface ThreadedLiveOptions extends LiveOptions {
  /** Number of threads that serve clients. */
  readonly threads: number;
  /** Adds up the metrics of all threads. Parts in the main thread record through its `own`. */
  readonly joined: JoinedMetrics;
  /** Level and format of the threads' logs. */
  readonly log: ThreadOrders["log"];
  /** Writes a line of a thread's log. */
  readonly writeLine: (line: string) => void;
  /** Starts a worker. @default {spawnThread} */
  readonly spawn?: Spawn;
}

/** A live server whose listeners are in other threads. */
export type ThreadedLive = Omit<Live, "handler" | "revokeHere">;

/** A query for all topics; the search for the name of one topic is added. */
const ALL_OF_TOPIC: StatusQuery = {
  limit: 100,
  topics: "",
  topicsBy: "subscribers",
  connections: "",
  connectionsBy: "lag",
};

/**
 * How many sockets may be closed but not gone, as a fraction of `maxConnections`. Beyond it the server
 * counts as overloaded.
 */
const MAX_CLOSING_SHARE = 0.1;

/**
 * Creates a live server whose threads share one port. Each thread has its own transport, connections,
 * sessions and hub. The main thread has the logs, the authority, the views and the limits.
 *
 * Like {@linkcode createLive} it must be stopped even if it never started.
 */
export function createThreadedLive(options: ThreadedLiveOptions): ThreadedLive {
  const { logger = silentLogger, authority, joined, threads: count, spawn = spawnThread } = options;
  const bounds = { ...DEFAULTS, ...options };
  const { own: metrics } = joined;
  const broker: Broker = options.broker ?? new MemoryBroker({ ...bounds, metrics });
  const views = createViews({ ...options, metrics });
  const topics = new TopicHost({
    broker: views === undefined ? broker : withViews(broker, views),
    onTopics: (count) => metrics.topics(count),
  });
  const places = new PlaceBook(bounds);
  const port = bounds.port || takeFreePort(bounds.host);
  const orders = (thread: number): ThreadOrders => ({
    options: { ...copied(options), port },
    hasAuthority: authority !== undefined,
    hasViews: views !== undefined,
    placesTaken: places.taken,
    isTracing: isTracing(),
    log: { ...options.log, fields: { ...options.log.fields, thread } },
  });
  const { refusals = silentRefusals, writeLine } = options;
  const shared = { authority, views, topics, places, metrics: joined, refusals, writeLine };
  const threads = Array.from({ length: count }, (_, at) =>
    new Thread({
      index: at + 1,
      spawn,
      orders: () => orders(at + 1),
      shared,
      onHung: (error) => options.onLost?.(error),
      logger,
    }));
  const hub = new Hub({
    broker: topics.own,
    metrics,
    thresholdBytes: bounds.backpressureThresholdBytes,
  });
  const forget = (revocation?: Revocation) => authority?.forget?.(revocation);
  const checkNow = (users?: ReadonlySet<string>) => {
    for (const thread of threads) thread.checkRights(users && [...users]);
    return Promise.resolve();
  };
  const onChange = views && createChangeHandler({ views, revalidator: { checkNow }, forget });
  const feed = onChange && new ChangeFeed({ hub, onChange, logger });
  const lifecycle = new Lifecycle<Deno.NetAddr, DrainResult>({
    name: "live server",
    async open() {
      feed?.start();
      const [address] = await Promise.all(threads.map((thread) => thread.start()));
      logger.info("threads started", { threads: count });
      return address as Deno.NetAddr;
    },
    async close(timeoutMs = bounds.drainTimeoutMs) {
      const results = await Promise.all(threads.map((thread) => thread.stop(timeoutMs)));
      feed?.stop();
      await hub.stop();
      return { stragglers: results.reduce((sum, { stragglers }) => sum + stragglers, 0) };
    },
  });
  const status = async (query: StatusQuery) => {
    const own = statusOf({ hub, views, connections: () => [] }, query);
    const parts = await Promise.all([own, ...threads.map((thread) => thread.status(query))]);
    return joinStatus(parts.filter((part) => part !== undefined), query);
  };
  const isAccepting = () => !lifecycle.stopped && threads.some((thread) => thread.isAccepting);

  return {
    get accepting() {
      return isAccepting();
    },
    get readiness(): Readiness {
      return lifecycle.stopped ? "draining" : isAccepting() ? "ready" : "starting";
    },
    get trouble() {
      return broker.trouble;
    },
    get partialTrouble() {
      return broker.partialTrouble;
    },
    get strain() {
      const closing = joined.valueOf("closingSockets");
      if (closing > MAX_CLOSING_SHARE * bounds.maxConnections) {
        return `${closing} sockets were closed and are not gone`;
      }
      return threads.map(({ strain }) => strain).find((strain) => strain !== undefined);
    },
    measure: async () => void await Promise.all(threads.map((thread) => thread.measure())),
    start: () => lifecycle.start(),
    stop: (timeoutMs) => lifecycle.stop(timeoutMs),
    // deno-lint-ignore require-await -- an invalid publication must reject
    async publish(publications) {
      return hub.publish(publications.map((publication) => Publication.from(publication)));
    },
    async changed(change, publications = []): Promise<Position[]> {
      const about = publications.map((publication) => Publication.from(publication));
      const [, ...positions] = await hub.publish([changePublication(change), ...about]);
      return positions;
    },
    noticed: (change) => onChange?.(change),
    status,
    async content(topic, since) {
      const content = await contentOf(hub, topic, since);
      const { topics } = await status({ ...ALL_OF_TOPIC, topics: topic });
      const row = topics.rows.find(({ name }) => name === topic);
      return { ...content, subscribers: row?.subscribers ?? 0 };
    },
    revoke: createRevoke({
      local: async (revocation) =>
        sumOf(await Promise.all(threads.map((thread) => thread.revoke(revocation)))),
      bus: options.revocationBus,
      forget,
      logger,
    }),
  };
}

/** Returns the options that can be copied to other threads. */
function copied(options: ThreadedLiveOptions): CopiedOptions {
  const data = Object.entries(options)
    .filter(([name, value]) => !NOT_COPIED.has(name) && value !== undefined);
  return Object.fromEntries(data);
}

/** Options that stay in the main thread. */
const NOT_COPIED: ReadonlySet<string> = new Set<keyof ThreadedLiveOptions>([
  "authority",
  "broker",
  "joined",
  "log",
  "logger",
  "metrics",
  "onLost",
  "other",
  "places",
  "refusals",
  "revocationBus",
  "spares",
  "spawn",
  "threads",
  "views",
  "viewSource",
  "writeLine",
]);

function sumOf(all: readonly Revoked[]): Revoked {
  const sum = (count: (revoked: Revoked) => number) =>
    all.reduce((total, revoked) => total + count(revoked), 0);
  const revoked = {
    closed: sum(({ closed }) => closed),
    asked: sum(({ asked }) => asked),
    withdrawn: sum(({ withdrawn }) => withdrawn),
  };
  const trouble = all.map(({ trouble }) => trouble).find((trouble) => trouble !== undefined);
  return trouble === undefined ? revoked : { ...revoked, trouble };
}
