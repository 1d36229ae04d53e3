/**
 * The exposition for Prometheus: names and labels that dashboards and alerts rely on.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Metrics } from "../../live/domain/metrics.ts";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";

/** One line of the exposition. */
interface Sample {
  readonly name: string;
  readonly labels: readonly string[];
  readonly line: string;
}

const INSTANCE = "i-1";

/** Does everything that can be counted once, and returns the exposition. */
async function exposeAll(): Promise<string> {
  const metrics = createPrometheusMetrics(INSTANCE);
  const all: { [Verb in keyof Metrics]: Parameters<Metrics[Verb]> } = {
    connections: [3],
    closingSockets: [1],
    pendingUpgrades: [2],
    subscriptions: [5],
    topics: [4],
    historyBytes: [1_024],
    upgrade: ["accepted"],
    disconnect: [1008],
    received: ["subscribe"],
    sent: ["message", 7],
    published: [6],
    authenticated: ["ok", 3],
    authorised: ["forbidden", 3],
    directusCalls: [3, 7],
    callAvoided: ["cache"],
    directusHeldBack: [true],
    revalidated: ["ok"],
    withdrawn: [2],
    recovery: ["hit"],
    skipped: [4],
    conflated: [3],
    redisUp: [true],
    ingested: ["published"],
    publishToSend: [2],
    broadcast: [3],
  };
  for (const [verb, args] of Object.entries(all)) Reflect.apply(verbOf(metrics, verb), null, args);
  return await metrics.text();
}

// deno-lint-ignore ban-types -- each verb takes something else
function verbOf(metrics: Metrics, verb: string): Function {
  return metrics[verb as keyof Metrics];
}

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

for (
  const [name, act, line] of [
    ["connections", (m: Metrics) => m.connections(3), "processor_live_connections 3"],
    [
      "inbound messages",
      (m: Metrics) => m.received("subscribe"),
      'processor_live_messages_inbound_total{type="subscribe",instance_id="i-1"} 1',
    ],
    [
      "invalid inbound messages",
      (m: Metrics) => m.received("invalid"),
      'processor_live_messages_inbound_total{type="invalid",instance_id="i-1"} 1',
    ],
    [
      "outbound messages",
      (m: Metrics) => m.sent("message", 7),
      'processor_live_messages_outbound_total{type="message"} 7',
    ],
    [
      "authentications",
      (m: Metrics) => m.authenticated("unauthorized", 3),
      'processor_live_auth_latency_ms_count{result="unauthorized"} 1',
    ],
    [
      "the latency of authentications",
      (m: Metrics) => m.authenticated("error", 5_000),
      'processor_live_auth_latency_ms_sum{result="error"} 5000',
    ],
    [
      "the bucket of an authentication",
      (m: Metrics) => m.authenticated("ok", 25),
      'processor_live_auth_latency_ms_bucket{le="25",result="ok"} 1',
    ],
    [
      "the bucket below an authentication's",
      (m: Metrics) => m.authenticated("ok", 25.1),
      'processor_live_auth_latency_ms_bucket{le="25",result="ok"} 0',
    ],
    [
      "an authentication beyond all buckets",
      (m: Metrics) => m.authenticated("ok", 1e9),
      'processor_live_auth_latency_ms_bucket{le="+Inf",result="ok"} 1',
    ],
    [
      "authorisations",
      (m: Metrics) => m.authorised("forbidden", 3),
      'processor_live_authorise_latency_ms_count{result="forbidden"} 1',
    ],
    ["closing sockets", (m: Metrics) => m.closingSockets(1), "processor_live_closing_sockets 1"],
    ["pending upgrades", (m: Metrics) => m.pendingUpgrades(2), "processor_live_pending_upgrades 2"],
    [
      "calls to Directus in flight",
      (m: Metrics) => m.directusCalls(3, 7),
      "processor_live_directus_calls_in_flight 3",
    ],
    [
      "calls to Directus that wait",
      (m: Metrics) => m.directusCalls(3, 7),
      "processor_live_directus_calls_queued 7",
    ],
    [
      "questions that the cache answered",
      (m: Metrics) => m.callAvoided("cache"),
      'processor_live_directus_calls_spared_total{by="cache"} 1',
    ],
    [
      "that calls are held back",
      (m: Metrics) => m.directusHeldBack(true),
      "processor_live_directus_held_back 1",
    ],
    [
      "that calls go on",
      (m: Metrics) => m.directusHeldBack(false),
      "processor_live_directus_held_back 0",
    ],
    [
      "sessions asked about again",
      (m: Metrics) => m.revalidated("ended"),
      'processor_live_revalidations_total{result="ended"} 1',
    ],
    [
      "rights withdrawn",
      (m: Metrics) => m.withdrawn(2),
      "processor_live_rights_withdrawn_total 2",
    ],
    [
      "recoveries",
      (m: Metrics) => m.recovery("miss"),
      'processor_live_recoveries_total{result="miss"} 1',
    ],
    ["skipped messages", (m: Metrics) => m.skipped(4), "processor_live_messages_skipped_total 4"],
    [
      "conflated messages",
      (m: Metrics) => m.conflated(3),
      "processor_live_messages_conflated_total 3",
    ],
    ["Redis", (m: Metrics) => m.redisUp(true), "processor_live_redis_up 1"],
    [
      "ingested entries",
      (m: Metrics) => m.ingested("malformed"),
      'processor_live_ingested_total{result="malformed"} 1',
    ],
    ["subscriptions", (m: Metrics) => m.subscriptions(5), "processor_live_subscriptions 5"],
    ["topics", (m: Metrics) => m.topics(4), "processor_live_topics 4"],
    ["the history", (m: Metrics) => m.historyBytes(1_024), "processor_live_history_bytes 1024"],
    [
      "upgrades",
      (m: Metrics) => m.upgrade("user-limit"),
      'processor_live_upgrades_total{result="user-limit"} 1',
    ],
    [
      "disconnects",
      (m: Metrics) => m.disconnect(1008),
      'processor_live_disconnects_total{code="1008"} 1',
    ],
    [
      "disconnects without a code",
      (m: Metrics) => m.disconnect(0),
      'processor_live_disconnects_total{code="0"} 1',
    ],
    ["publications", (m: Metrics) => m.published(6), "processor_live_published_total 6"],
    [
      "broadcasts that begin",
      (m: Metrics) => m.publishToSend(2),
      "processor_live_publish_to_send_ms_count 1",
    ],
    [
      "broadcasts",
      (m: Metrics) => m.broadcast(3),
      "processor_live_broadcast_duration_ms_count 1",
    ],
  ] as const
) {
  Deno.test(`createPrometheusMetrics() exposes ${name}`, async () => {
    assertEquals((await expose(act)).includes(line), true, line);
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

for (
  const line of [
    ...["subscribe", "unsubscribe", "invalid"].map((type) =>
      `processor_live_messages_inbound_total{type="${type}",instance_id="i-1"} 0`
    ),
    ...["welcome", "subscribed", "unsubscribed", "message", "error"].map((type) =>
      `processor_live_messages_outbound_total{type="${type}"} 0`
    ),
    ...["ok", "unauthorized", "error"].map((result) =>
      `processor_live_auth_latency_ms_count{result="${result}"} 0`
    ),
    "processor_live_connections 0",
  ]
) {
  Deno.test(`createPrometheusMetrics() begins with ${line}`, async () => {
    assertEquals((await expose()).includes(line), true);
  });
}

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

Deno.test("createPrometheusMetrics() writes lines that can be parsed, each series once", async () => {
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

Deno.test("createPrometheusMetrics() tells the content type of the text format", () => {
  assertMatch(createPrometheusMetrics("a").contentType, /^text\/plain; version=0\.0\.4/);
});
