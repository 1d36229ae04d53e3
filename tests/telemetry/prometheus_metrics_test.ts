/**
 * The Prometheus exposition: names and labels that dashboards and alerts rely on.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Metrics } from "../../live/domain/metrics.ts";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";

/** One line of the exposition. */
interface Sample {
  readonly name: string;
  readonly labels: readonly string[];
  readonly line: string;
}

const INSTANCE = "i-1";

/** Returns the lines of the exposition after some calls. */
async function expose(act: (metrics: Metrics) => void = () => {}): Promise<string[]> {
  const metrics = createPrometheusMetrics(INSTANCE);
  act(metrics);
  return (await metrics.text()).split("\n");
}

function samplesOf(text: string): Sample[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name = "", labels = ""] = line.match(/^([a-z_]+)(?:\{(.*)\})? [-+.\deInf]+$/) ?? [];
    return { name, labels: [...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label), line };
  });
}

/** What is called, and the line that `/metrics` shows then. */
const rows: [act: (metrics: Metrics) => void, line: string][] = [
  [(m) => m.connections(3), "connections 3"],
  [(m) => m.received("subscribe"), 'messages_inbound_total{type="subscribe",instance_id="i-1"} 1'],
  [(m) => m.received("invalid"), 'messages_inbound_total{type="invalid",instance_id="i-1"} 1'],
  [(m) => m.sent("message", 7), 'messages_outbound_total{type="message"} 7'],
  [(m) => m.authenticated("unauthorized", 3), 'auth_latency_ms_count{result="unauthorized"} 1'],
  [(m) => m.authenticated("error", 5_000), 'auth_latency_ms_sum{result="error"} 5000'],
  [(m) => m.authenticated("ok", 25), 'auth_latency_ms_bucket{le="25",result="ok"} 1'],
  [(m) => m.authenticated("ok", 25.1), 'auth_latency_ms_bucket{le="25",result="ok"} 0'],
  [(m) => m.authenticated("ok", 1e9), 'auth_latency_ms_bucket{le="+Inf",result="ok"} 1'],
  [(m) => m.authorised("forbidden", 3), 'authorise_latency_ms_count{result="forbidden"} 1'],
  [(m) => m.closingSockets(1), "closing_sockets 1"],
  [(m) => m.pendingUpgrades(2), "pending_upgrades 2"],
  [(m) => m.directusCalls(3, 7), "directus_calls_in_flight 3"],
  [(m) => m.directusCalls(3, 7), "directus_calls_queued 7"],
  [(m) => m.callAvoided("cache"), 'directus_calls_spared_total{by="cache"} 1'],
  [(m) => m.directusCircuitOpen(true), "directus_held_back 1"],
  [(m) => m.directusCircuitOpen(false), "directus_held_back 0"],
  [(m) => m.revalidated("ended"), 'revalidations_total{result="ended"} 1'],
  [(m) => m.rightsWithdrawn(2), "rights_withdrawn_total 2"],
  [(m) => m.recovery("miss"), 'recoveries_total{result="miss"} 1'],
  [(m) => m.skipped(4), "messages_skipped_total 4"],
  [(m) => m.conflated(3), "messages_conflated_total 3"],
  [(m) => m.redisUp(true), "redis_up 1"],
  [(m) => m.ingested("malformed"), 'ingested_total{result="malformed"} 1'],
  [(m) => m.subscriptions(5), "subscriptions 5"],
  [(m) => m.topics(4), "topics 4"],
  [(m) => m.historyBytes(1_024), "history_bytes 1024"],
  [(m) => m.upgrade("user-limit"), 'upgrades_total{result="user-limit"} 1'],
  [(m) => m.disconnect(1008), 'disconnects_total{code="1008"} 1'],
  [(m) => m.disconnect(0), 'disconnects_total{code="0"} 1'],
  [(m) => m.disconnect(4401), 'disconnects_total{code="4401"} 1'],
  [(m) => m.disconnect(3999), 'disconnects_total{code="other"} 1'],
  [(m) => m.revalidationLag(1_500), "revalidation_lag_ms 1500"],
  [(m) => m.published(6), "published_total 6"],
  [(m) => m.publishToSend(2), "publish_to_send_ms_count 1"],
  [(m) => m.broadcast(3), "broadcast_duration_ms_count 1"],
];

/** Does all of it, and returns the exposition. */
async function exposeAll(): Promise<string> {
  return (await expose((metrics) => rows.forEach(([act]) => act(metrics)))).join("\n");
}

for (const [act, line] of rows) {
  Deno.test(`createPrometheusMetrics() exposes processor_live_${line}`, async () => {
    assertEquals((await expose(act)).includes(`processor_live_${line}`), true);
  });
}

Deno.test("createPrometheusMetrics() sets gauges and adds to counters", async () => {
  const lines = await expose((metrics) => {
    for (const count of [3, 2]) {
      metrics.connections(count);
      metrics.sent("error", count);
      metrics.published(count);
    }
  });
  assertStringIncludes(lines.join("\n"), "\nprocessor_live_connections 2\n");
  assertStringIncludes(lines.join("\n"), '_outbound_total{type="error"} 5\n');
  assertStringIncludes(lines.join("\n"), "\nprocessor_live_published_total 5\n");
});

for (
  const [name, type] of [
    ["processor_live_connections", "gauge"],
    ["processor_live_messages_inbound_total", "counter"],
    ["processor_live_messages_outbound_total", "counter"],
    ["processor_live_auth_latency_ms", "histogram"],
  ]
) {
  Deno.test(`createPrometheusMetrics() exposes ${name} as a ${type}`, async () => {
    assertEquals((await expose()).includes(`# TYPE ${name} ${type}`), true);
  });
}

Deno.test("createPrometheusMetrics() starts known series at zero", async () => {
  const lines = (await expose()).filter((line) => line.endsWith(" 0"));
  for (
    const series of [
      "connections",
      ...["subscribe", "unsubscribe", "ping", "invalid"].map((type) =>
        `messages_inbound_total{type="${type}",instance_id="i-1"}`
      ),
      ...["welcome", "subscribed", "unsubscribed", "message", "pong", "error"].map((type) =>
        `messages_outbound_total{type="${type}"}`
      ),
      ...["ok", "unauthorized", "error"].map((result) =>
        `auth_latency_ms_count{result="${result}"}`
      ),
    ]
  ) assert(lines.includes(`processor_live_${series} 0`), series);
});

Deno.test("createPrometheusMetrics() gives each name one set of labels", async () => {
  const sets = new Map<string, Set<string>>();
  for (const { name, labels } of samplesOf(await exposeAll())) {
    const key = labels.toSorted().join();
    sets.set(name, (sets.get(name) ?? new Set()).add(key));
  }
  for (const [name, keys] of sets) assertEquals(keys.size, 1, `${name}: ${[...keys].join(" | ")}`);
  const inbound = sets.get("processor_live_messages_inbound_total");
  assertEquals(inbound, new Set(["instance_id,type"]));
  assertEquals(sets.get("processor_live_messages_outbound_total"), new Set(["type"]));
  assertEquals(sets.get("processor_live_auth_latency_ms_count"), new Set(["result"]));
  assertEquals(sets.get("processor_live_connections"), new Set([""]));
});

Deno.test("createPrometheusMetrics() writes each series once, on lines that can be parsed", async () => {
  const samples = samplesOf(await exposeAll());
  for (const { name, line } of samples) assertMatch(name, /^processor_live_[a-z_]+$/, line);
  const series = samples.map(({ line }) => line.replace(/ \S+$/, ""));
  assertEquals(series.length, new Set(series).size);
});

Deno.test("createPrometheusMetrics() escapes the instance's id", async () => {
  const metrics = createPrometheusMetrics('a"b\\c');
  metrics.received("invalid");
  assertStringIncludes(await metrics.text(), '{type="invalid",instance_id="a\\"b\\\\c"} 1\n');
});

Deno.test("createPrometheusMetrics() shares nothing with another", async () => {
  const first = createPrometheusMetrics("a");
  createPrometheusMetrics("b").connections(9);
  assertStringIncludes(await first.text(), "\nprocessor_live_connections 0\n");
});

Deno.test("createPrometheusMetrics() has the content type of the text format", () => {
  assertMatch(createPrometheusMetrics("a").contentType, /^text\/plain; version=0\.0\.4/);
});
