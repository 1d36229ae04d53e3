/**
 * The ops listener's health and metrics, and what all its routes have in common.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { silentLogger } from "../../live/domain/logger.ts";
import {
  createOpsServer,
  type OpsServer,
  type OpsServerDeps,
  type Readiness,
} from "../../live/ops/ops_server.ts";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";

/** Starts an ops listener in some state; its disposal stops it. */
async function startOps(
  state: Readiness = "ready",
  metrics: OpsServerDeps["metrics"] = createPrometheusMetrics("i"),
) {
  const server: OpsServer = createOpsServer({
    host: "127.0.0.1",
    port: 0,
    readiness: () => state,
    metrics,
    publish: () => Promise.resolve([]),
    logger: silentLogger,
  });
  const { port } = await server.start();
  return {
    port,
    server,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

Deno.test("GET /healthz is 200 in any state", async () => {
  await using ops = await startOps("draining");

  const response = await fetch(`${ops.url}/healthz`);

  assertEquals([response.status, await response.json()], [200, { status: "ok" }]);
});

Deno.test("GET /readyz is 200 when ready", async () => {
  await using ops = await startOps("ready");

  const response = await fetch(`${ops.url}/readyz`);

  assertEquals([response.status, await response.json()], [200, { status: "ready" }]);
});

for (const state of ["starting", "draining"] as const) {
  Deno.test(`GET /readyz is 503 with the reason while ${state}`, async () => {
    await using ops = await startOps(state);

    const response = await fetch(`${ops.url}/readyz`);

    assertEquals(response.status, 503);
    assertMatch(response.headers.get("retry-after") ?? "", /^\d+$/);
    assertEquals(await response.json(), { status: state, reason: `server is ${state}` });
  });
}

Deno.test("GET /metrics is Prometheus text", async () => {
  const metrics = createPrometheusMetrics("i");
  await using ops = await startOps("ready", metrics);
  metrics.connections(3);

  const response = await fetch(`${ops.url}/metrics`);

  assertMatch(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assertMatch(await response.text(), /^processor_live_connections 3$/m);
});

Deno.test("HEAD is answered as GET, without a body", async () => {
  await using ops = await startOps();

  const response = await fetch(`${ops.url}/healthz`, { method: "HEAD" });

  assertEquals([response.status, await response.text()], [200, ""]);
});

for (const path of ["/", "/healthz/", "/constructor", "/__proto__", "//publish", "/publish/x"]) {
  Deno.test(`GET ${path} is 404`, async () => {
    await using ops = await startOps();

    const response = await fetch(`${ops.url}${path}`);

    assertEquals([response.status, await response.json()], [404, { error: "No such route" }]);
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
  Deno.test(`${method} ${path} is 405 and says which method is allowed`, async () => {
    await using ops = await startOps();

    const response = await fetch(`${ops.url}${path}`, { method });
    await response.body?.cancel();

    assertEquals([response.status, response.headers.get("allow")], [405, allowed]);
  });
}

Deno.test("start() rejects on a taken port, naming the listener and the address", async () => {
  await using ops = await startOps();
  const second = createOpsServer({
    host: "127.0.0.1",
    port: ops.port,
    readiness: () => "ready",
    metrics: createPrometheusMetrics("i"),
    publish: () => Promise.resolve([]),
    logger: silentLogger,
  });

  await assertRejects(
    () => second.start(),
    Deno.errors.AddrInUse,
    `Cannot start the ops listener as the port is taken: 127.0.0.1:${ops.port}`,
  );
});

Deno.test("start() rejects the second time", async () => {
  await using ops = await startOps();

  await assertRejects(() => ops.server.start(), TypeError, "twice");
});

Deno.test("A route that fails is answered with 500", async () => {
  const metrics = { contentType: "text/plain", text: () => Promise.reject(new Error("no text")) };
  await using ops = await startOps("ready", metrics);

  const response = await fetch(`${ops.url}/metrics`);

  assertEquals([response.status, await response.text()], [500, ""]);
});
