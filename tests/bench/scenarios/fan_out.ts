/**
 * Fan-out: rising rates until a server falls behind, and one broadcast at a time.
 *
 * @module
 */

import { median, print, ratio, type Rounds, short, spread, table } from "../figures.ts";
import type { Published } from "../load/orders.ts";
import { LoadGenerator } from "../load_generator.ts";
import { type BenchServer, peers, startLive, type StartServer } from "../servers.ts";
import type { Curve, Outcome, Scenario } from "./scenario.ts";

/** Connections, rates, and the latency at which a server has fallen behind. */
interface Plan {
  readonly connections: number;
  readonly rates: readonly number[];
  /** The largest 99th percentile at which a server keeps up, in milliseconds. */
  readonly maxMs: number;
}

const SECONDS = 4;
const LIVE = "Live";

const servers: Readonly<Record<string, StartServer>> = { [LIVE]: startLive, ...peers };

/** Results by server and rate, one for each round; rate 0 is one broadcast at a time. */
type Figures = Map<string, Map<number, Published[]>>;

/** Creates the scenario for a number of connections. */
export function fanOut(plan: Plan): Scenario {
  const { connections } = plan;
  return {
    title: `Fan-out to ${connections.toLocaleString("en")} connections, one topic, 200 bytes`,
    async run(rounds) {
      const figures: Figures = new Map();
      for (let round = 0; round < rounds; round++) {
        for (const [name, start] of Object.entries(servers)) {
          print(`fan-out to ${connections}: ${name}, round ${round + 1}`);
          await measure(start, plan, (rate, published) => {
            const rates = figures.get(name) ?? new Map<number, Published[]>();
            figures.set(name, rates);
            rates.set(rate, [...rates.get(rate) ?? [], published]);
          });
        }
      }
      return outcome(plan, rounds, figures);
    },
  };
}

async function measure(
  start: StartServer,
  { connections: count, rates, maxMs }: Plan,
  tell: (rate: number, published: Published) => void,
): Promise<void> {
  await using server = await start();
  await using load = new LoadGenerator();
  await join(load, server, count);
  const { pid, publishing } = server;
  const warm = { publishing, pid, perSecond: rates[0] ?? 1, seconds: 1 };
  await load.rate(warm);
  tell(0, await load.one({ publishing, pid, seconds: SECONDS }));
  for (const perSecond of rates) {
    const published = await load.rate({ publishing, pid, perSecond, seconds: SECONDS });
    print(`  ${perSecond}/s: p99 ${short(published.p99)} ms, ${short(published.cpuUs)} µs`);
    tell(perSecond, published);
    if (!keepsUp(published, maxMs)) return;
  }
}

/** Connects and subscribes clients; resolves to the time in seconds. @throws {Error} If one fails. */
export async function join(
  load: LoadGenerator,
  { port, cookies }: BenchServer,
  count: number,
  topics = 1,
): Promise<number> {
  const hello = '{"type":"subscribe","topic":"events:#"}';
  const order = { port, cookies, count, topics, hello, answer: '"subscribed"' };
  const { seconds, failed } = await load.connect(order);
  if (failed > 0) throw new Error(`${failed} of ${count} connections failed`);
  return seconds;
}

function keepsUp({ behind, p99 }: Published, maxMs: number): boolean {
  return behind === 0 && p99 <= maxMs;
}

function outcome(plan: Plan, rounds: number, figures: Figures): Outcome {
  const { rates, maxMs, connections } = plan;
  const names = [...figures.keys()];
  const of = (name: string, rate: number) => figures.get(name)?.get(rate) ?? [];
  const isKept = (name: string, rate: number) =>
    of(name, rate).filter((published) => keepsUp(published, maxMs)).length * 2 > rounds;
  const cell = (name: string, rate: number, figure: (of: Published) => number) =>
    isKept(name, rate) ? spread(of(name, rate).map(figure)) : "–";
  const sustained = (name: string) => Math.max(0, ...rates.filter((rate) => isKept(name, rate)));
  const perSecond = ({ delivered, seconds }: Published) => delivered / seconds;
  const one = (name: string, figure: (of: Published) => number): Rounds => of(name, 0).map(figure);
  const shown = rates.filter((rate) => names.some((name) => of(name, rate).length > 0));
  const others = names.filter((name) => name !== LIVE);
  const text = [
    `99th percentile of delivery in ms, median (min–max) of ${rounds} rounds; – where it has ` +
    `fallen behind (late or lost messages, or more than ${maxMs} ms):`,
    "",
    table(
      ["messages per second", ...shown.map(String)],
      names.map((name) => [name, ...shown.map((rate) => cell(name, rate, ({ p99 }) => p99))]),
    ),
    "",
    "CPU time of the server for a delivered message, in µs:",
    "",
    table(
      ["messages per second", ...shown.map(String)],
      names.map((name) => [name, ...shown.map((rate) => cell(name, rate, ({ cpuUs }) => cpuUs))]),
    ),
    "",
    table(
      [
        "",
        "sustained, messages per second",
        "one broadcast at a time: deliveries per second",
        "p99, ms",
      ],
      names.map((name) => [
        name,
        short(sustained(name)),
        spread(one(name, perSecond)),
        spread(one(name, ({ p99 }) => p99)),
      ]),
    ),
    ...others.map((name) =>
      `\nTo ${name}, Live sustains ${short(sustained(LIVE) / sustained(name))}×, and delivers ` +
      `${ratio(one(LIVE, perSecond), one(name, perSecond))} with one broadcast at a time.`
    ),
  ].join("\n");
  const curves: Curve[] = names.map((server) => ({
    server,
    points: rates.filter((rate) => isKept(server, rate))
      .map((rate) => [rate, median(of(server, rate).map(({ p99 }) => p99))]),
  }));
  return { text, charts: { [`${connections.toLocaleString("en")} connections`]: curves } };
}
