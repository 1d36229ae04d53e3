/**
 * Metrics for Prometheus, on npm's `prom-client`.
 *
 * @module
 */

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { CloseCode } from "../domain/close_codes.ts";
import type { Metrics } from "../domain/metrics.ts";
import { REFUSAL_REASONS } from "../domain/refusal_log.ts";

/** Upper bounds of the histograms' buckets, in milliseconds. */
const BUCKETS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/**
 * Close codes with a series of their own. Clients can close with any code, and each label value costs
 * memory for as long as the process lives.
 */
const CLOSE_CODES: ReadonlySet<number> = new Set([
  0, // the connection broke, with the transport `deno`
  1000,
  1002, // a malformed frame
  1005, // no code
  1006, // the connection broke, with the transport `ws`
  1007, // text that is not UTF-8
  ...Object.values(CloseCode),
]);

/** Metrics that Prometheus can scrape. */
export interface PrometheusMetrics extends Metrics {
  /** Content type of the exposition. */
  readonly contentType: string;
  /** Resolves to the exposition of all metrics as text. */
  text(): Promise<string>;
}

/**
 * Creates the metrics. Each name has one set of labels. Series whose labels are known in advance start at
 * zero, so that a rate includes the first event.
 *
 * The `processor_live_` names come from the original service, which Live replaces: dashboards and alerts
 * already use them.
 *
 * @param instanceId Label of the series that the original service labelled by instance.
 */
export function createPrometheusMetrics(instanceId: string): PrometheusMetrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `processor_live_${name}`, help, registers });
  const measured = (name: string, help: string, measure: () => number) =>
    new Gauge({
      name: `processor_live_${name}`,
      help,
      registers,
      collect() {
        this.set(measure());
      },
    });
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name: `processor_live_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Histogram<L>({
      name: `processor_live_${name}`,
      help,
      labelNames,
      buckets: BUCKETS_MS,
      registers,
    });

  const connections = gauge("connections", "Open connections");
  const closing = gauge(
    "closing_sockets",
    "Sockets that the server closed and that are not gone yet",
  );
  const pending = gauge("pending_upgrades", "Upgrade requests that are being authenticated");
  const subscriptions = gauge("subscriptions", "Subscriptions of all connections");
  const topics = gauge("topics", "Topics with subscribers");
  const history = gauge("history_bytes", "Size of the history of all topics");
  const upgrades = counter("upgrades_total", "Upgrade requests by result", ["result"]);
  const refusals = counter("refusals_total", "Refusals by reason, as the log reports them", [
    "reason",
  ]);
  const disconnects = counter("disconnects_total", "Ended connections by close code", ["code"]);
  const inbound = counter("messages_inbound_total", "Inbound messages", ["type", "instance_id"]);
  const outbound = counter("messages_outbound_total", "Outbound messages", ["type"]);
  const published = counter("published_total", "Publications appended");
  const auth = histogram("auth_latency_ms", "Calls to Directus that identified a session", [
    "result",
  ]);
  const authorise = histogram(
    "authorise_latency_ms",
    "Calls to Directus that checked the right to a topic",
    ["result"],
  );
  const calls = gauge("directus_calls_in_flight", "Calls to Directus in flight");
  const queued = gauge("directus_calls_queued", "Calls to Directus that are queued");
  const callAvoided = counter(
    "directus_calls_spared_total",
    "Checks that needed no separate call to Directus",
    ["by"],
  );
  const circuitOpen = gauge("directus_held_back", "1 while calls to Directus are held back");
  const revalidations = counter(
    "revalidations_total",
    "Sessions that were checked again, by result",
    ["result"],
  );
  const revalidationLag = gauge(
    "revalidation_lag_ms",
    "How long the longest overdue session has waited to be checked again",
  );
  const rightsWithdrawn = counter(
    "rights_withdrawn_total",
    "Subscriptions that ended because the right was withdrawn",
  );
  const recoveries = counter(
    "recoveries_total",
    "Subscriptions with since, by whether the history held everything after it",
    ["result"],
  );
  const skipped = counter(
    "messages_skipped_total",
    "Messages that subscribers missed, as reported by skipped",
  );
  const conflated = counter(
    "messages_conflated_total",
    "Skipped messages of slow consumers, which got the latest of each key instead",
  );
  const redisUp = gauge("redis_up", "1 while Redis can be reached");
  const ingested = counter("ingested_total", "Entries of the ingest stream", ["result"]);
  const views = gauge("views", "Views that have members, or had until recently");
  const viewReads = histogram("view_read_ms", "Reads of views from Directus", ["result"]);
  const eventLoopDelay = histogram(
    "event_loop_delay_ms",
    "How much later than planned the event loop ran a timer",
  );
  measured("resident_memory_bytes", "Memory of the process", () => Deno.memoryUsage().rss);
  measured("heap_bytes", "JavaScript objects in use", () => Deno.memoryUsage().heapUsed);
  const publishToSend = histogram(
    "publish_to_send_ms",
    "From a topic's first pending publication to its first subscriber",
  );
  const broadcast = histogram(
    "broadcast_duration_ms",
    "From a topic's first pending publication to its last subscriber",
  );

  for (const type of ["subscribe", "unsubscribe", "ping", "invalid"]) {
    inbound.inc({ type, instance_id: instanceId }, 0);
  }
  for (const type of ["welcome", "subscribed", "unsubscribed", "message", "pong", "error"]) {
    outbound.inc({ type }, 0);
  }
  for (const reason of REFUSAL_REASONS) refusals.inc({ reason }, 0);
  for (const result of ["ok", "unauthorized", "error"]) {
    auth.zero({ result });
    authorise.zero({ result });
  }
  authorise.zero({ result: "forbidden" });
  for (const result of ["ok", "refused", "unauthorized", "error"]) viewReads.zero({ result });
  for (const by of ["cache", "coalesced", "batched"]) callAvoided.inc({ by }, 0);
  for (const result of ["ok", "ended", "unavailable"]) revalidations.inc({ result }, 0);
  for (const result of ["hit", "miss"]) recoveries.inc({ result }, 0);
  for (const result of ["published", "repeated", "malformed"]) ingested.inc({ result }, 0);

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    connections: (count) => connections.set(count),
    closingSockets: (count) => closing.set(count),
    pendingUpgrades: (count) => pending.set(count),
    subscriptions: (count) => subscriptions.set(count),
    topics: (count) => topics.set(count),
    historyBytes: (count) => history.set(count),
    upgrade: (result) => upgrades.inc({ result }),
    refused: (reason) => refusals.inc({ reason }),
    disconnect: (code) => disconnects.inc({ code: CLOSE_CODES.has(code) ? String(code) : "other" }),
    received: (type) => inbound.inc({ type, instance_id: instanceId }),
    sent: (type, count) => outbound.inc({ type }, count),
    published: (count) => published.inc(count),
    authenticated: (result, elapsedMs) => auth.observe({ result }, elapsedMs),
    authorised: (result, elapsedMs) => authorise.observe({ result }, elapsedMs),
    directusCalls(inFlight, waiting) {
      calls.set(inFlight);
      queued.set(waiting);
    },
    callAvoided: (by) => callAvoided.inc({ by }),
    directusCircuitOpen: (isOpen) => circuitOpen.set(isOpen ? 1 : 0),
    revalidated: (result) => revalidations.inc({ result }),
    revalidationLag: (elapsedMs) => revalidationLag.set(elapsedMs),
    rightsWithdrawn: (count) => rightsWithdrawn.inc(count),
    recovery: (result) => recoveries.inc({ result }),
    skipped: (count) => skipped.inc(count),
    conflated: (count) => conflated.inc(count),
    redisUp: (up) => redisUp.set(up ? 1 : 0),
    ingested: (result) => ingested.inc({ result }),
    views: (count) => views.set(count),
    viewRead: (result, elapsedMs) => viewReads.observe({ result }, elapsedMs),
    eventLoopDelay: (elapsedMs) => eventLoopDelay.observe(elapsedMs),
    publishToSend: (elapsedMs) => publishToSend.observe(elapsedMs),
    broadcast: (elapsedMs) => broadcast.observe(elapsedMs),
  };
}
