/**
 * What the ops listener answers while the logs cannot be written.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BrokerUnavailable, type Position } from "../../live/domain/broker.ts";
import { createOpsServer, type Readiness } from "../../live/ops/ops_server.ts";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";
import { RecordingLogger } from "../support/recorders.ts";

const TOKEN = "a-publish-token-of-tests";

/** What goes wrong. */
interface Faults {
  readonly state?: Readiness;
  readonly trouble?: string | undefined;
  readonly strain?: string;
  readonly publish?: () => Promise<Position[]>;
}

async function startOps({ state = "ready", trouble, strain, publish }: Faults) {
  const logger = new RecordingLogger();
  const server = createOpsServer({
    host: "127.0.0.1",
    port: 0,
    publishToken: TOKEN,
    readiness: () => state,
    trouble: () => trouble,
    strain: () => strain,
    metrics: createPrometheusMetrics("i"),
    publish: publish ?? (() => Promise.resolve([{ topic: "event:42", offset: 1, epoch: "e" }])),
    logger,
  });
  const { port } = await server.start();
  const url = `http://127.0.0.1:${port}`;
  return {
    logger,
    async ready() {
      const response = await fetch(`${url}/readyz`);
      return [response.status, response.headers.get("retry-after"), await response.json()];
    },
    async publish(token = TOKEN) {
      const response = await fetch(`${url}/publish`, {
        method: "POST",
        headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
        body: '{"topic":"event:42","data":1}',
      });
      const text = await response.text();
      return [response.status, response.headers.get("retry-after"), text && JSON.parse(text)];
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

for (const [retryAfterMs, seconds] of [[0, "1"], [1, "1"], [1_000, "1"], [2_001, "3"]] as const) {
  Deno.test(`POST /publish is 503 where the broker asks for ${retryAfterMs} ms`, async () => {
    await using ops = await startOps({
      publish: () => Promise.reject(new BrokerUnavailable("Redis: gone", retryAfterMs)),
    });

    assertEquals(await ops.publish(), [503, seconds, { error: "Redis: gone" }]);
    assertEquals(ops.logger.of("error"), []);
  });
}

Deno.test("POST /publish is 503 while cut off, and nothing is tried", async () => {
  await using ops = await startOps({
    trouble: "cut off from Redis: connection closed",
    publish: () => Promise.reject(new Error("tried")),
  });

  assertEquals(await ops.publish(), [503, "5", { error: "cut off from Redis: connection closed" }]);
});

Deno.test("POST /publish tells nobody without the token why it is cut off", async () => {
  await using ops = await startOps({ trouble: "cut off from Redis" });

  const [status] = await ops.publish("another-token-of-tests");

  assertEquals(status, 401);
});

Deno.test("POST /publish is 500 at what is no matter of trying again, and is logged", async () => {
  await using ops = await startOps({ publish: () => Promise.reject(new Error("a fault")) });

  assertEquals(await ops.publish(), [500, null, ""]);
  assertEquals(ops.logger.of("error").length, 1);
});

Deno.test("GET /readyz is 503 while cut off, with the reason", async () => {
  await using ops = await startOps({ trouble: "cut off from Redis: connection closed" });

  assertEquals(await ops.ready(), [503, "5", {
    status: "cut off",
    reason: "cut off from Redis: connection closed",
  }]);
});

Deno.test("GET /readyz is 200 without trouble", async () => {
  await using ops = await startOps({ trouble: undefined });

  assertEquals(await ops.ready(), [200, null, { status: "ready" }]);
});

Deno.test("GET /readyz says draining before it says cut off", async () => {
  await using ops = await startOps({ state: "draining", trouble: "cut off from Redis" });

  assertEquals(await ops.ready(), [503, "5", {
    status: "draining",
    reason: "server is draining",
  }]);
});

Deno.test("GET /readyz is 503 under strain, and publishing goes on", async () => {
  await using ops = await startOps({ strain: "7 sockets were closed and do not go away" });
  const reason = "7 sockets were closed and do not go away";
  assertEquals(await ops.ready(), [503, "5", { status: "strained", reason }]);
  assertEquals((await ops.publish())[0], 200);
});

Deno.test("GET /readyz tells of an outage before it tells of strain", async () => {
  await using ops = await startOps({ trouble: "cut off from Redis", strain: "many sockets" });
  const body = { status: "cut off", reason: "cut off from Redis" };
  assertEquals(await ops.ready(), [503, "5", body]);
});
