/**
 * The dashboard and the alerts, held against what the server exports.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { exposedMetrics } from "../support/exposed_metrics.ts";
import { isInstalled } from "../support/redis_server.ts";
import dashboard from "../../live/deploy/grafana.json" with { type: "json" };

const FOLDER = new URL(".", import.meta.url);

/** Labels that Prometheus adds, and the one of histograms' buckets. */
const ADDED = ["instance", "job", "le"];

/** What follows a metric's name in a histogram. */
const SUFFIXES = /_(?:bucket|count|sum)$/;

/** Returns what is wrong with the names and labels in an expression. */
async function faultsOf(expression: string): Promise<string[]> {
  const exposed = await exposedMetrics();
  const used = [...expression.matchAll(/\b(processor_live_\w+)(?:\{([^}]*)\})?/g)];
  const labels = new Set(ADDED);
  const faults: string[] = [];
  for (const [, name = "", matchers = ""] of used) {
    const known = exposed.get(name) ?? exposed.get(name.replace(SUFFIXES, ""));
    if (known === undefined) faults.push(`no metric ${name}`);
    for (const label of known ?? []) labels.add(label);
    for (const [, label = ""] of matchers.matchAll(/(\w+)\s*=/g)) {
      if (!known?.has(label) && !ADDED.includes(label)) faults.push(`no label ${label} of ${name}`);
    }
  }
  for (const [, list = ""] of expression.matchAll(/\bby \(([^)]*)\)/g)) {
    for (const label of list.split(",").map((label) => label.trim())) {
      if (!labels.has(label)) faults.push(`no label ${label}`);
    }
  }
  return faults;
}

Deno.test("grafana.json asks for metrics and labels that there are", async () => {
  const expressions = dashboard.panels.flatMap((panel) => panel.targets ?? [])
    .map(({ expr }) => expr);
  assert(expressions.length > 20);
  for (const expression of expressions) assertEquals(await faultsOf(expression), [], expression);
});

Deno.test("grafana.json shows every metric", async () => {
  const text = JSON.stringify(dashboard);
  const missing = [...(await exposedMetrics()).keys()].filter((name) => !text.includes(name));
  assertEquals(missing, []);
});

Deno.test("alerts.yml asks for metrics and labels that there are", async () => {
  const text = await Deno.readTextFile(new URL("alerts.yml", FOLDER));
  assertEquals(await faultsOf(text), []);
});

Deno.test("faultsOf() finds what there is not", async () => {
  const expression = 'sum by (colour) (processor_live_nothing{type="x"}) + ' +
    'processor_live_connections{colour="red"}';
  assertEquals(await faultsOf(expression), [
    "no metric processor_live_nothing",
    "no label type of processor_live_nothing",
    "no label colour of processor_live_connections",
    "no label colour",
  ]);
});

const hasPromtool = isInstalled("promtool", ["--version"]);
for (
  const args of [
    ["check", "config", "prometheus.yml"],
    ["check", "rules", "alerts.yml"],
    ["test", "rules", "alerts_test.yml"],
  ]
) {
  const name = `promtool ${args.join(" ")}`;
  Deno.test({
    name: hasPromtool ? name : `${name} (ignored: no promtool)`,
    ignore: !hasPromtool,
    async fn() {
      const { code, stdout, stderr } = await new Deno.Command("promtool", { args, cwd: FOLDER })
        .output();
      const decoder = new TextDecoder();
      assertEquals(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
    },
  });
}
