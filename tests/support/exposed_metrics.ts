/**
 * The metrics that `/metrics` exports.
 *
 * @module
 */

import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";

/** Returns the labels of each metric, in order, by the name of the metric. */
export async function exposedMetrics(): Promise<Map<string, Set<string>>> {
  const metrics = createPrometheusMetrics("i");
  metrics.upgrade("accepted"); // these two have no series before the first event
  metrics.disconnect(1001);
  const exposed = new Map<string, Set<string>>();
  for (const line of (await metrics.text()).split("\n")) {
    const name = /^# TYPE (\S+)/.exec(line)?.[1];
    if (name !== undefined) exposed.set(name, new Set());
    for (const [series, labels] of exposed) {
      if (!new RegExp(`^${series}(_count)?\\{`).test(line)) continue;
      for (const [, label] of line.matchAll(/([a-z_]+)="/g)) labels.add(label ?? "");
    }
  }
  return exposed;
}
