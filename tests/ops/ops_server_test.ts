/**
 * The ops listener's health, metrics and routing.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";
import { RawClient } from "../support/raw_client.ts";
import { Ops, type OpsSetup } from "./ops_setup.ts";

Deno.test("GET /healthz is 200 in any state", async () => {
  await using ops = await Ops.start({ readiness: "draining" });
  const { status, json } = await ops.fetch("/healthz");
  assertEquals([status, json], [200, { status: "ok" }]);
});

Deno.test("GET /readyz is 200 when ready", async () => {
  await using ops = await Ops.start();
  const { status, headers, json } = await ops.fetch("/readyz");
  assertEquals([status, headers.get("retry-after"), json], [200, null, { status: "ready" }]);
});

const cutOff = "cut off from Redis: connection closed";
const strained = "7 sockets were closed and do not go away";
const problems: [name: string, setup: OpsSetup, json: { status: string; reason: string }][] = [
  ["starting", { readiness: "starting" }, { status: "starting", reason: "server is starting" }],
  ["draining", { readiness: "draining" }, { status: "draining", reason: "server is draining" }],
  ["cut off", { trouble: cutOff }, { status: "cut off", reason: cutOff }],
  ["strained", { strain: strained }, { status: "strained", reason: strained }],
  [
    "draining and cut off",
    { readiness: "draining", trouble: cutOff },
    { status: "draining", reason: "server is draining" },
  ],
  [
    "cut off and strained",
    { trouble: cutOff, strain: strained },
    { status: "cut off", reason: cutOff },
  ],
];

problems.push([
  "something else answers in place of Directus",
  { foreignAnswer: () => Promise.resolve("response is not JSON") },
  {
    status: "not directus",
    reason: "the last answer from DIRECTUS_BASE_URL is not Directus's: response is not JSON",
  },
]);

for (const [name, setup, json] of problems) {
  Deno.test(`GET /readyz is 503 with the worst problem while ${name}`, async () => {
    await using ops = await Ops.start(setup);
    const answer = await ops.fetch("/readyz");
    assertEquals([answer.status, answer.headers.get("retry-after")], [503, "5"]);
    assertEquals(answer.json, json);
  });
}

Deno.test("GET /readyz is 200 and reports it while some topics cannot be used", async () => {
  const partialTrouble = "20 of 64 partitions of topics cannot be used: cut off from Redis";
  await using ops = await Ops.start({ partialTrouble });

  const { status, json } = await ops.fetch("/readyz");

  assertEquals([status, json], [200, { status: "degraded", reason: partialTrouble }]);
});

Deno.test("GET /metrics is Prometheus text", async () => {
  const metrics = createPrometheusMetrics("i");
  metrics.connections(3);
  await using ops = await Ops.start({ metrics });

  const { headers, text } = await ops.fetch("/metrics");

  assertMatch(headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assertMatch(text, /^processor_live_connections 3$/m);
});

for (
  const [authorization, status] of [[undefined, 401], ["Bearer the-wrong-token", 401], [
    "Bearer the-publish-token-of-the-tests",
    200,
  ]] as const
) {
  Deno.test(`GET /metrics that clients can reach is ${status} with ${authorization}`, async () => {
    await using ops = await Ops.start({ exposed: true });
    const headers: HeadersInit = authorization === undefined ? {} : { authorization };
    assertEquals((await ops.fetch("/metrics", { headers })).status, status);
  });
}

Deno.test("HEAD is answered as GET, without a body", async () => {
  await using ops = await Ops.start();
  const { status, text } = await ops.fetch("/healthz", { method: "HEAD" });
  assertEquals([status, text], [200, ""]);
});

for (const path of ["/", "/healthz/", "/constructor", "/__proto__", "//publish", "/publish/x"]) {
  Deno.test(`GET ${path} is 404`, async () => {
    await using ops = await Ops.start();
    const { status, json } = await ops.fetch(path);
    assertEquals([status, json], [404, { error: "No such route" }]);
  });
}

for (
  const [method, path, allowed] of [
    ["POST", "/healthz", "GET"],
    ["DELETE", "/metrics", "GET"],
    ["GET", "/publish", "POST"],
    ["HEAD", "/publish", "POST"],
  ] as const
) {
  Deno.test(`${method} ${path} is 405 and names the allowed method`, async () => {
    await using ops = await Ops.start();
    const { status, headers } = await ops.fetch(path, { method });
    assertEquals([status, headers.get("allow")], [405, allowed]);
  });
}

const NAMES = new Set(["live.internal", "live"]);

for (
  const [host, status] of [
    ["127.0.0.1:9090", 404],
    ["127.1", 404],
    ["10.1.2.3", 404],
    ["[::1]:9090", 404],
    ["localhost", 404],
    ["LOCALHOST:9090", 404],
    ["localhost.", 404],
    ["live.localhost:9090", 404],
    ["live.internal:9090", 404],
    ["Live", 404],
    ["", 404],
    [undefined, 404],
    ["evil.example", 403],
    ["evil.example:9090", 403],
    ["127.0.0.1.evil.example", 403],
    ["localhost.evil.example", 403],
    ["evil-localhost", 403],
    ["x.live.internal", 403],
    ["internal", 403],
    ["localhost@evil.example", 403],
    ["[", 403],
    ["a b", 403],
    ["%", 403],
  ] as const
) {
  Deno.test(`the ops listener answers ${status} to a request with the Host ${host}`, async () => {
    await using ops = await Ops.start({ allowedHosts: NAMES });
    using client = await RawClient.connect(ops.port);

    await client.request("/nowhere", { host });

    assertEquals((await client.head()).status, status);
    assertEquals(ops.logger.of("error"), []);
  });
}

Deno.test("the ops listener accepts the name that it listens on as Host", async () => {
  await using ops = await Ops.start({ host: "localhost" });
  assertEquals((await ops.fetch("/healthz")).status, 200);
});

for (const path of ["/healthz", "/metrics", "/publish"]) {
  Deno.test(`the ops listener answers a foreign Host at ${path} before anything else`, async () => {
    await using ops = await Ops.start();
    using client = await RawClient.connect(ops.port);

    await client.request(path, { host: "evil.example" });

    assertEquals((await client.head()).status, 403);
  });
}

Deno.test("a route that fails is answered with 500 and logged", async () => {
  const metrics = { contentType: "text/plain", text: () => Promise.reject(new Error("no text")) };
  await using ops = await Ops.start({ metrics });

  const { status, text } = await ops.fetch("/metrics");

  assertEquals([status, text, ops.logger.of("error").length], [500, "", 1]);
});

Deno.test("OpsServer.start() names the listener and the address of a taken port", async () => {
  await using ops = await Ops.start();
  await assertRejects(
    () => Ops.start({ port: ops.port }),
    Deno.errors.AddrInUse,
    `Cannot start the ops listener as the port is taken: 127.0.0.1:${ops.port}`,
  );
});

Deno.test("OpsServer.start() rejects the second time", async () => {
  await using ops = await Ops.start();
  await assertRejects(() => ops.server.start(), TypeError, "twice");
});
