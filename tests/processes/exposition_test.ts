/**
 * Joining the metrics of several processes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { joinExpositions } from "../../live/processes/exposition.ts";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";

Deno.test("joinExpositions() adds up equal series", () => {
  const one = '# HELP m What\n# TYPE m counter\nm{a="x"} 1\nm{a="y z"} 2.5\n';
  const two = '# HELP m What\n# TYPE m counter\nm{a="y z"} 1\nm{a="new"} 4\n';
  assertEquals(
    joinExpositions([one, two]),
    '# HELP m What\n# TYPE m counter\nm{a="x"} 1\nm{a="y z"} 3.5\nm{a="new"} 4\n',
  );
});

for (const [values, joined] of [[[1, 1, 1], 1], [[1, 0, 1], 0]] as const) {
  Deno.test(`joinExpositions() joins redis_up of ${values} to ${joined}`, () => {
    assertEquals(joinExpositions(values.map((up) => `redis_up ${up}\n`)), `redis_up ${joined}\n`);
  });
}

Deno.test("joinExpositions() does not change a single exposition", async () => {
  const metrics = createPrometheusMetrics("i");
  metrics.connections(3);
  metrics.broadcast(7);
  const text = await metrics.text();
  assertEquals(joinExpositions([text]), text.replace(/\n+/g, "\n"));
});

Deno.test("joinExpositions() keeps a metric's lines together", async () => {
  const texts = await Promise.all(["a", "b"].map((id) => {
    const metrics = createPrometheusMetrics(id);
    metrics.received("subscribe");
    metrics.disconnect(id === "a" ? 1001 : 1008);
    return metrics.text();
  }));
  const types = joinExpositions(texts).split("\n").filter((line) => line.startsWith("# TYPE"));
  assertEquals(types, texts[0]?.split("\n").filter((line) => line.startsWith("# TYPE")));
});

Deno.test("joinExpositions() joins lags to the highest", () => {
  const texts = [1_500, 9_000, 0].map((lag) => `revalidation_lag_ms ${lag}\n`);
  assertEquals(joinExpositions(texts), "revalidation_lag_ms 9000\n");
});
