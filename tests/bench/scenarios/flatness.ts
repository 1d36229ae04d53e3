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

/** Connections that listen, and those that are idle beside them, each with a topic of its own. */
const PLANS = {
  "1,000 connections, 1 topic": { listening: 1_000, topics: 1, idle: 0 },
  "10,000 connections, 1 topic": { listening: 10_000, topics: 1, idle: 0 },
  "1,000 connections, 1 topic; 8,000 idle topics beside": {
    listening: 1_000,
    topics: 1,
    idle: 8_000,
  },
  "5,000 connections, 5 topics of 1,000": { listening: 5_000, topics: 5, idle: 0 },
  "5,000 connections, 1,000 topics of 5": { listening: 5_000, topics: 1_000, idle: 0 },
} as const;

type PlanName = keyof typeof PLANS;

/** One broadcast outstanding, in all of these. */
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
        ["one broadcast at a time", "CPU a delivered message, µs", `to ${first}`],
        names.map((name) => [name, spread(costs(name)), ratio(costs(name), costs(first))]),
      ),
    };
  },
};

async function measure(
  { listening, topics, idle }: { listening: number; topics: number; idle: number },
): Promise<Published> {
  await using server = await startLive();
  await using beside = new LoadGenerator();
  await using load = new LoadGenerator();
  if (idle > 0) await join(beside, server, idle, idle);
  await join(load, server, listening, topics);
  const { pid, publishing } = server;
  return await load.one({ publishing, pid, topics, seconds: SECONDS });
}
