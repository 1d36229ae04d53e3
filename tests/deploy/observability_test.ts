/**
 * The dashboard and the alerts use only metrics and labels that the server exports.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { exposedMetrics } from "../support/exposed_metrics.ts";
import { isInstalled } from "../support/program.ts";
import dashboard from "../../live/deploy/grafana.json" with { type: "json" };

const FOLDER = new URL("../../live/deploy/", import.meta.url);

/** Labels that Prometheus adds, and the label of histogram buckets. */
const ADDED = ["instance", "job", "le"];

/** Suffixes of a histogram's series. */
const SUFFIXES = /_(?:bucket|count|sum)$/;

/** Returns the unknown metrics and labels of an expression. */
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

Deno.test("grafana.json queries metrics and labels that exist", async () => {
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

Deno.test("alerts.yml queries metrics and labels that exist", async () => {
  const text = await Deno.readTextFile(new URL("alerts.yml", FOLDER));
  assertEquals(await faultsOf(text), []);
});

Deno.test("faultsOf() finds unknown metrics and labels", async () => {
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
  const [args, cwd] of [
    [["check", "config", "prometheus.yml"], FOLDER],
    [["check", "rules", "alerts.yml"], FOLDER],
    [["test", "rules", "alerts_test.yml"], new URL(".", import.meta.url)],
  ] as const
) {
  const name = `promtool ${args.join(" ")}`;
  Deno.test({
    name: hasPromtool ? name : `${name} (ignored: no promtool)`,
    ignore: !hasPromtool,
    async fn() {
      const command = new Deno.Command("promtool", { args: [...args], cwd });
      const { code, stdout, stderr } = await command.output();
      const decoder = new TextDecoder();
      assertEquals(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
    },
  });
}
