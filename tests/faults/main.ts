/**
 * The fault run: breaks every part that can break, and counts what users would notice.
 *
 * Each scenario has instances, clients behind a network that cuts connections, and 200 messages a second over 20
 * topics, a third of them removals. Names of scenarios as arguments select some.
 *
 * @module
 */

import { type Outcome, say, type Scenario } from "./scenario.ts";
import { masterKilled, slotMoved } from "./scenarios/cluster.ts";
import { outages } from "./scenarios/outages.ts";
import { full, loading, paused, readonly } from "./scenarios/refusals.ts";
import { sentinelFailover } from "./scenarios/sentinel.ts";
import { threadKilled } from "./scenarios/threads.ts";

const scenarios: readonly Scenario[] = [
  outages,
  threadKilled,
  paused,
  readonly,
  full,
  loading,
  sentinelFailover,
  masterKilled,
  slotMoved,
];

const COLUMNS = [
  "published",
  "calls refused",
  "lost",
  "duplicated",
  "out of order",
  "started over",
  "position reused",
  "recovered after",
] as const;

function rowOf(outcome: Outcome): string[] {
  const { published, refused, lost, duplicated, outOfOrder, restarts, reused } = outcome;
  const counts = [published, refused, lost, duplicated, outOfOrder, restarts, reused];
  return [...counts.map(String), `${(outcome.recoveryMs / 1000).toFixed(1)} s`];
}

function report(outcomes: readonly Outcome[]): void {
  const width = Math.max(...outcomes.map(({ scenario }) => scenario.length));
  say([" ".repeat(width), ...COLUMNS].join("  "));
  for (const outcome of outcomes) {
    const cells = rowOf(outcome).map((cell, i) => cell.padStart(COLUMNS[i]?.length ?? 0));
    say([outcome.scenario.padEnd(width), ...cells].join("  "));
  }
  for (const { scenario, faults } of outcomes) {
    if (faults.length > 0) say(`${scenario}: ${faults.length} faults`);
    for (const fault of faults.slice(0, 20)) say(`  ${fault}`);
  }
}

const selected = Deno.args.length === 0
  ? scenarios
  : scenarios.filter(({ name }) => Deno.args.includes(name));
const outcomes: Outcome[] = [];
for (const scenario of selected) outcomes.push(await scenario.run());
report(outcomes);
Deno.exit(outcomes.every(({ faults }) => faults.length === 0) ? 0 : 1);
