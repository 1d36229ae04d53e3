/**
 * Runs the benchmarks: `deno task bench [--rounds=3] [benchmark …]`. Without names it runs all of them,
 * and writes `results.md` and `results.svg` beside this file. Results of named ones are only printed.
 *
 * The server has one core, the clients another. Exits with 1 if `reconnects` or `views` exceeds its
 * bounds. `views` needs a real Directus, which takes minutes to install, so it runs only if it is named.
 *
 * @module
 */

import { drawCharts } from "./chart.ts";
import { print } from "./figures.ts";
import { reconnects } from "./reconnects.ts";
import { fanOut } from "./scenarios/fan_out.ts";
import { flatness } from "./scenarios/flatness.ts";
import type { Curve, Scenario } from "./scenarios/scenario.ts";
import { redis } from "./scenarios/redis.ts";
import { calls, connections, recovery } from "./scenarios/small.ts";
import { stall, storm } from "./scenarios/storm.ts";
import { views } from "./views/main.ts";
import { threads } from "./scenarios/threads.ts";

const scenarios: Readonly<Record<string, Scenario>> = {
  "fan-out-1000": fanOut({
    connections: 1_000,
    rates: [20, 50, 100, 200, 400, 800, 1_600],
    maxMs: 150,
  }),
  "fan-out-5000": fanOut({
    connections: 5_000,
    rates: [5, 10, 15, 20, 50, 100, 200, 300, 400],
    maxMs: 300,
  }),
  flatness,
  connections,
  calls,
  recovery,
  stall,
  storm,
  redis,
  threads,
};

/** These benchmarks have bounds of their own, and no rounds. */
const RECONNECTS = "reconnects";
const VIEWS = "views";

async function main(args: readonly string[]): Promise<boolean> {
  const rounds = Number(args.find((arg) => arg.startsWith("--rounds="))?.slice(9) ?? 3);
  const named = args.filter((arg) => !arg.startsWith("--"));
  const known = [...Object.keys(scenarios), RECONNECTS, VIEWS];
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new TypeError(`Cannot run ${unknown}: the benchmarks are ${known}`);
  if (Deno.build.os !== "linux") {
    throw new TypeError("Cannot run on this system: the benchmarks need Linux");
  }

  const charts = new Map<string, readonly Curve[]>();
  const parts = [`# Benchmarks\n\n${await machine()}, ${rounds} rounds.`];
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (named.length > 0 && !named.includes(name)) continue;
    const outcome = await scenario.run(rounds);
    parts.push(`## ${scenario.title}\n\n${outcome.text}`);
    for (const [title, curves] of Object.entries(outcome.charts ?? {})) charts.set(title, curves);
    if (named.length > 0) print(`\n${parts.at(-1)}\n`);
  }
  if (named.length === 0) {
    await write("results.md", `${parts.join("\n\n")}\n`);
    await write("results.svg", drawCharts(charts));
    print(`\n${parts.join("\n\n")}`);
  }
  const isBounded = named.length > 0 && !named.includes(RECONNECTS) || await reconnects();
  return (!named.includes(VIEWS) || await views()) && isBounded;
}

async function write(name: string, text: string): Promise<void> {
  await Deno.writeTextFile(new URL(name, import.meta.url), text);
}

/** Describes the machine, and the date. */
async function machine(): Promise<string> {
  const cpu = await Deno.readTextFile("/proc/cpuinfo");
  const model = /model name\s*: (.+)/.exec(cpu)?.[1] ?? Deno.build.arch;
  const cores = navigator.hardwareConcurrency;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${model}, ${cores} cores (one for the server), Linux ${Deno.osRelease()}, ` +
    `Deno ${Deno.version.deno}`;
}

if (import.meta.main) Deno.exit(await main(Deno.args) ? 0 : 1); // ends open connections
