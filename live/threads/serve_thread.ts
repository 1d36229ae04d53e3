/**
 * Serving clients in a thread. The thread has its own transport, connections, sessions and hub. What all
 * threads share is in the main thread.
 *
 * @module
 */

import { DEFAULTS } from "../config/defaults.ts";
import { USERS_COLLECTION } from "../domain/directus_collections.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import type { StatusPart } from "../domain/status.ts";
import { ReplicatedBroker } from "../history/replicated_broker.ts";
import { sweepIntervalMs } from "../history/sweep_interval.ts";
import { createLive, type Live } from "../live.ts";
import { EventLoopWatch } from "../telemetry/event_loop_watch.ts";
import { createStdLogger } from "../telemetry/std_logger.ts";
import { surviveErrors } from "../telemetry/survive_errors.ts";
import { openSpare, SpareDescriptors } from "../transport/spare_descriptors.ts";
import { Channel, type Port } from "./channel.ts";
import { mainAuthority, mainPlaces, mainViews } from "./main_seams.ts";
import { RecordedMetrics } from "./measurements.ts";
import type { MainCalls, ThreadCalls, ThreadOrders } from "./protocol.ts";
import { ThreadTopicStore } from "./thread_store.ts";

/** How long metrics are gathered before they are sent, in milliseconds. */
const GATHER_MS = 250;

/** How often the thread checks whether it can take more clients, in milliseconds. */
const STRAIN_INTERVAL_MS = 1_000;

const NONE = { total: 0, found: 0, rows: [] };
const NO_STATUS: StatusPart = { connections: NONE, topics: NONE, views: NONE };

/** Serves clients on the orders of the main thread, which is at the other end of the port. */
export function serveThread(port: Port): void {
  let logger: Logger = silentLogger;
  let live: Live | undefined;
  let strain: string | undefined;
  let strains: ReturnType<typeof setInterval> | undefined;
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let spareAddress: Deno.NetAddr;
  const spares = new SpareDescriptors(() => openSpare(spareAddress));
  const recorded = new RecordedMetrics(() => gathering ??= setTimeout(measure, GATHER_MS));
  const eventLoop = new EventLoopWatch({ metrics: recorded.metrics });
  const handlers: ThreadCalls = {
    async start(orders) {
      live = await createThreadLive(orders);
      spareAddress = await live.start();
      spares.hold();
      eventLoop.start();
      strains = setInterval(reportStrain, STRAIN_INTERVAL_MS);
      return spareAddress;
    },
    announce: (announcements) => store.announce(announcements),
    viewLost: (id, reason) => views.lost(id, reason),
    revoke: async (revocation) =>
      await live?.revokeHere(revocation) ?? { closed: 0, asked: 0, withdrawn: 0 },
    checkRights: (keys) => live?.noticed(keys && { collection: USERS_COLLECTION, keys }),
    status: async (query) => await live?.status?.(query) ?? NO_STATUS,
    measure,
    ping() {},
    async stop(timeoutMs) {
      clearInterval(strains);
      eventLoop.stop();
      const result = await live?.stop(timeoutMs) ?? { stragglers: 0 };
      spares.close();
      measure();
      return result;
    },
  };
  const channel = new Channel<MainCalls>({ port, handlers, onError: reportError });
  const store = new ThreadTopicStore(channel);
  const views = mainViews(channel);

  function reportError(error: unknown): void {
    logger.error("request of the main thread failed", { error });
  }

  function reportStrain(): void {
    if (live?.strain === strain) return;
    strain = live?.strain;
    channel.tell("strained", strain);
  }

  function measure(): void {
    clearTimeout(gathering);
    gathering = undefined;
    channel.tell("measured", recorded.take());
  }

  async function createThreadLive(orders: ThreadOrders): Promise<Live> {
    const { options, hasAuthority, hasViews, placesTaken, log } = orders;
    const bounds = { ...DEFAULTS, ...options };
    const write = (line: string) => channel.tell("log", line);
    const tracing = orders.isTracing ? await import("../telemetry/tracing.ts") : undefined;
    logger = createStdLogger({ ...log, ...tracing && { context: tracing.traceFields }, write });
    surviveErrors(logger);
    const metrics = tracing?.traceBroadcasts(recorded.metrics) ?? recorded.metrics;
    return createLive({
      ...options,
      authority: hasAuthority ? mainAuthority(channel) : undefined,
      broker: new ReplicatedBroker({
        ...bounds,
        store,
        sweepIntervalMs: sweepIntervalMs(bounds.historyTtlMs),
        metrics,
      }),
      views: hasViews ? views : undefined,
      places: mainPlaces(channel, placesTaken, bounds.maxConnections),
      refusals: { note: (reason, ...details) => channel.tell("refused", reason, details) },
      reusePort: true,
      spares,
      onLost: (error) => channel.tell("listenerFailed", String(error)),
      metrics,
      logger,
    });
  }
}
