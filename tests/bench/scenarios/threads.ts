/**
 * Threads: one, two and three, with the clients on the same cores.
 *
 * @module
 */

import { memoryKib } from "../../support/proc.ts";
import { median, print, ratio, type Rounds, short, spread, table } from "../figures.ts";
import type { Published } from "../load/orders.ts";
import { LoadGenerator } from "../load_generator.ts";
import { type BenchServer, startLive } from "../servers.ts";
import { join } from "./fan_out.ts";
import type { Scenario } from "./scenario.ts";

/** A server to compare. */
export interface ThreadsSubject {
  /** Its name in the table. */
  readonly name: string;
  /** Starts it. */
  readonly start: () => Promise<BenchServer>;
  /** Its memory in KiB. @default {that of its process} */
  readonly memory?: (pid: number) => number;
}

/** What was measured in one round. */
interface Figures {
  /** Memory in MiB: after the start, and with all connections. */
  readonly idle: number;
  readonly full: number;
  /** One broadcast at a time. */
  readonly one: Published;
  /** At a rate that one thread keeps up with, and at one that it may not. */
  readonly steady: Published;
  readonly fast: Published;
}

const CONNECTIONS = 2_000;
const SECONDS = 4;
const STEADY = 50;
const FAST = 200;
const KIB_PER_MIB = 1_024;

const subjects: readonly ThreadsSubject[] = [1, 2, 3].map((count) => ({
  name: count === 1 ? "1 thread" : `${count} threads`,
  start: () => startLive({ env: { LIVE_THREADS: `${count}` }, usesAllCores: true }),
}));

/** The scenario of `LIVE_THREADS`. */
export const threads: Scenario = threadsOf(subjects);

/** Creates the scenario for other servers. */
export function threadsOf(subjects: readonly ThreadsSubject[]): Scenario {
  return {
    title: `Threads, with ${CONNECTIONS.toLocaleString("en")} connections on one topic`,
    async run(rounds) {
      const figures = new Map<string, Figures[]>();
      for (let round = 0; round < rounds; round++) {
        for (const subject of subjects) {
          print(`threads: ${subject.name}, round ${round + 1}`);
          figures.set(subject.name, [
            ...figures.get(subject.name) ?? [],
            await measure(subject),
          ]);
        }
      }
      return { text: textOf(rounds, figures) };
    },
  };
}

async function measure(
  { start, memory = (pid) => memoryKib(pid).now }: ThreadsSubject,
): Promise<Figures> {
  await using server = await start();
  await using load = new LoadGenerator(undefined);
  const { pid, publishing } = server;
  const idle = memory(pid) / KIB_PER_MIB;
  await join(load, server, CONNECTIONS);
  const full = memory(pid) / KIB_PER_MIB;
  const order = { publishing, pid, seconds: SECONDS };
  await load.rate({ ...order, perSecond: STEADY, seconds: 1 });
  const one = await load.one(order);
  const steady = await load.rate({ ...order, perSecond: STEADY });
  const fast = await load.rate({ ...order, perSecond: FAST });
  print(
    `  ${short(one.delivered / one.seconds)} deliveries/s; p99 ${short(steady.p99)} and ` +
      `${short(fast.p99)} ms (${fast.behind} behind); ${short(idle)} and ${short(full)} MiB`,
  );
  return { idle, full, one, steady, fast };
}

function textOf(rounds: number, figures: ReadonlyMap<string, readonly Figures[]>): string {
  const names = [...figures.keys()];
  const of = (name: string, figure: (figures: Figures) => number): Rounds =>
    (figures.get(name) ?? []).map(figure);
  const perSecond = ({ one }: Figures) => one.delivered / one.seconds;
  const [first = "", ...others] = names;
  return [
    `Median (min–max) of ${rounds} rounds. The clients use the same cores.`,
    "",
    table(
      [
        "",
        "one broadcast at a time: deliveries per second",
        "p50, ms",
        "p99, ms",
        `${STEADY} messages a second: p99, ms`,
        `${FAST} messages a second: p99, ms`,
        "CPU, µs",
        "memory idle, MiB",
        "memory connected, MiB",
      ],
      names.map((name) => [
        name,
        spread(of(name, perSecond)),
        spread(of(name, ({ one }) => one.p50)),
        spread(of(name, ({ one }) => one.p99)),
        spread(of(name, ({ steady }) => steady.p99)),
        spread(of(name, ({ fast }) => fast.p99)),
        spread(of(name, ({ steady }) => steady.cpuUs)),
        short(median(of(name, ({ idle }) => idle))),
        short(median(of(name, ({ full }) => full))),
      ]),
    ),
    ...others.map((name) =>
      `\n${name} to ${first}: ${ratio(of(name, perSecond), of(first, perSecond))} deliveries a ` +
      `second, ${
        short(median(of(name, ({ idle }) => idle)) - median(of(first, ({ idle }) => idle)))
      } MiB more.`
    ),
  ].join("\n");
}
