/**
 * Whether a delivered message costs the same however many connections and topics there are.
 *
 * @module
 */

import { print, ratio, spread, table } from "../figures.ts";
import type { Published } from "../load/orders.ts";
import { LoadGenerator } from "../load_generator.ts";
import { startLive } from "../servers.ts";
import { join } from "./fan_out.ts";
import type { Scenario } from "./scenario.ts";

const SECONDS = 4;

/** Connections that receive messages, and idle ones, each with a topic of its own. */
const PLANS = {
  "1,000 connections, 1 topic": { receiving: 1_000, topics: 1, idle: 0 },
  "10,000 connections, 1 topic": { receiving: 10_000, topics: 1, idle: 0 },
  "1,000 connections, 1 topic; 8,000 idle topics": {
    receiving: 1_000,
    topics: 1,
    idle: 8_000,
  },
  "5,000 connections, 5 topics of 1,000": { receiving: 5_000, topics: 5, idle: 0 },
  "5,000 connections, 1,000 topics of 5": { receiving: 5_000, topics: 1_000, idle: 0 },
} as const;

type PlanName = keyof typeof PLANS;

/** The scenario: one broadcast at a time. */
export const flatness: Scenario = {
  title: "Cost of a delivered message, by connections and topics",
  async run(rounds) {
    const figures = new Map<PlanName, Published[]>();
    for (let round = 0; round < rounds; round++) {
      for (const name of Object.keys(PLANS) as PlanName[]) {
        print(`flatness: ${name}, round ${round + 1}`);
        figures.set(name, [...figures.get(name) ?? [], await measure(PLANS[name])]);
      }
    }
    const costs = (name: PlanName) => (figures.get(name) ?? []).map(({ cpuUs }) => cpuUs);
    const names = Object.keys(PLANS) as PlanName[];
    const [first = names[0] as PlanName] = names;
    return {
      text: table(
        ["one broadcast at a time", "CPU time of a delivered message, µs", `to ${first}`],
        names.map((name) => [name, spread(costs(name)), ratio(costs(name), costs(first))]),
      ),
    };
  },
};

async function measure(
  { receiving, topics, idle }: { receiving: number; topics: number; idle: number },
): Promise<Published> {
  await using server = await startLive();
  await using beside = new LoadGenerator();
  await using load = new LoadGenerator();
  if (idle > 0) await join(beside, server, idle, idle);
  await join(load, server, receiving, topics);
  const { pid, publishing } = server;
  return await load.one({ publishing, pid, topics, seconds: SECONDS });
}
