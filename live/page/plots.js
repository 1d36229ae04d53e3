/**
 * The plots, with the metrics behind each by their names in METRICS.md.
 *
 * @module
 */

import { bytes, ms, number, rate } from "./format.js";

const HISTOGRAMS = {
  "authentication": "auth_latency_ms",
  "right to a topic": "authorise_latency_ms",
  "views": "view_read_ms",
};

const perMinute = (value) => `${number(value)}/min`;

/** Returns a line for each value of a label, as events per minute. */
function byLabel(samples, metric, label, isShown = () => true) {
  return samples.values(metric, label).filter(isShown).map((value) => [
    value,
    (n) => times(samples.rate(n, metric, { [label]: value }), 60),
  ]);
}

function times(value, factor) {
  return value === undefined ? undefined : value * factor;
}

function quantiles(samples, ...metrics) {
  return [["median", 0.5], ["p99", 0.99]].map(([label, quantile]) => [
    label,
    (n) => samples.quantile(n, quantile, ...metrics),
  ]);
}

/**
 * The plots. `lines` returns labels with functions of a sample's number; `isOpen` shows only lines with
 * something to show; `least` is the smallest upper end of the scale.
 */
export const PLOTS = [
  {
    title: "Connections",
    about: "Open connections, and sockets that were closed and are not gone",
    format: number,
    least: 5,
    lines: (samples) => [
      ["open", (n) => samples.gauge(n, "connections")],
      ["closing", (n) => samples.gauge(n, "closing_sockets")],
    ],
  },
  {
    title: "Messages",
    about: "Messages that were published, that were delivered to clients, and that clients sent",
    format: rate,
    least: 1,
    lines: (samples) => [
      ["delivered", (n) => samples.rate(n, "messages_outbound_total", { type: "message" })],
      ["published", (n) => samples.rate(n, "published_total")],
      ["received", (n) => samples.rate(n, "messages_inbound_total")],
    ],
  },
  {
    title: "Delivery latency",
    about: "From a publication to its first subscriber, and to its last",
    format: ms,
    none: "nothing was published",
    lines: (samples) => [
      ["first, median", (n) => samples.quantile(n, 0.5, "publish_to_send_ms")],
      ["first, p99", (n) => samples.quantile(n, 0.99, "publish_to_send_ms")],
      ["last, p99", (n) => samples.quantile(n, 0.99, "broadcast_duration_ms")],
    ],
  },
  {
    title: "Event loop delay",
    about: "How much later than planned a timer runs. Everything else is delayed as much",
    format: ms,
    least: 5,
    lines: (samples) => quantiles(samples, "event_loop_delay_ms"),
  },
  {
    title: "Memory",
    about: "Of the process, of JavaScript objects, and of the topics' histories",
    format: bytes,
    lines: (samples) => [
      ["process", (n) => samples.gauge(n, "resident_memory_bytes")],
      ["objects", (n) => samples.gauge(n, "heap_bytes")],
      ["history", (n) => samples.gauge(n, "history_bytes")],
    ],
  },
  {
    title: "Calls to Directus",
    about: "To identify a session's user, to check the right to a topic, to read rows of views",
    format: rate,
    least: 1,
    lines: (samples) =>
      Object.entries(HISTOGRAMS).map(([label, metric]) => [
        label,
        (n) => samples.rate(n, `${metric}_count`),
      ]),
  },
  {
    title: "Directus's answers",
    about: "How long all these calls take, without their wait in the queue",
    format: ms,
    none: "no calls lately",
    lines: (samples) => quantiles(samples, ...Object.values(HISTOGRAMS)),
  },
  {
    title: "Avoided calls",
    about:
      "Questions answered from the cache, by a call in flight, or together with others in one call",
    format: rate,
    least: 1,
    lines: (samples) =>
      ["cache", "coalesced", "batched"].map((by) => [
        by,
        (n) => samples.rate(n, "directus_calls_spared_total", { by }),
      ]),
  },
  {
    title: "Waiting for Directus",
    about: "Calls in flight and in the queue; held back is 1 while the circuit breaker is open",
    format: number,
    least: 5,
    lines: (samples) => [
      ["in flight", (n) => samples.gauge(n, "directus_calls_in_flight")],
      ["queued", (n) => samples.gauge(n, "directus_calls_queued")],
      ["held back", (n) => samples.gauge(n, "directus_held_back")],
    ],
  },
  {
    title: "Slow consumers",
    about:
      "Messages that slow clients did not get, and how many of these the newest state replaced",
    format: rate,
    least: 1,
    lines: (samples) => [
      ["skipped", (n) => samples.rate(n, "messages_skipped_total")],
      ["newest state instead", (n) => samples.rate(n, "messages_conflated_total")],
    ],
  },
  {
    title: "Disconnects by close code",
    about: "Connections that ended",
    format: perMinute,
    none: "none",
    isOpen: true,
    lines: (samples) => byLabel(samples, "disconnects_total", "code"),
  },
  {
    title: "Refusals by reason",
    about: "What the log reports at INFO: see TROUBLESHOOTING.md",
    format: perMinute,
    none: "none",
    isOpen: true,
    lines: (samples) => byLabel(samples, "refusals_total", "reason"),
  },
  {
    title: "New connections",
    about: "How requests to connect were answered",
    format: perMinute,
    none: "none",
    isOpen: true,
    lines: (samples) => byLabel(samples, "upgrades_total", "result"),
  },
  {
    title: "Redis",
    about: "1 while Redis is reached, and entries of the ingest stream",
    format: number,
    needsRedis: true,
    lines: (samples) => [
      ["reached", (n) => samples.gauge(n, "redis_up")],
      ["ingested/s", (n) => samples.rate(n, "ingested_total")],
    ],
  },
];
