/**
 * The rest of what a server does: taking newcomers, being idle, taking calls, helping those who
 * come back.
 *
 * @module
 */

import { print, short, spread, table } from "../figures.ts";
import { memoryKib } from "../../support/proc.ts";
import { LoadGenerator } from "../load_generator.ts";
import { type BenchServer, peers, startLive, type StartServer } from "../servers.ts";
import { join } from "./fan_out.ts";
import type { Scenario } from "./scenario.ts";
import { publishBatch } from "./publish_batch.ts";

const IDLE = 5_000;
const CALL_SECONDS = 3;
const MISSED = 200;
const BACK = 1_000;

/** Time that a server has to put its memory in order, in milliseconds. */
const SETTLE_MS = 5_000;

/** Runs a measurement some times, each on a server of its own. */
async function each(
  rounds: number,
  what: string,
  start: StartServer,
  measure: (server: BenchServer, load: LoadGenerator) => Promise<number[]>,
): Promise<number[][]> {
  const columns: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    print(`${what}, round ${round + 1}`);
    await using server = await start();
    await using load = new LoadGenerator();
    for (const [index, figure] of (await measure(server, load)).entries()) {
      columns[index] = [...columns[index] ?? [], figure];
    }
  }
  return columns;
}

/** Newcomers a second, and what one of them costs once it is idle. */
export const newcomers: Scenario = {
  title: `${IDLE.toLocaleString("en")} newcomers with one topic each, and their memory`,
  async run(rounds) {
    const rows: string[][] = [];
    for (const [name, start] of Object.entries({ "Live": startLive, ...peers })) {
      const [rates = [], sizes = []] = await each(rounds, `newcomers: ${name}`, start, measure);
      rows.push([name, spread(rates), spread(sizes)]);
    }
    const head = ["", "a second, authenticated and subscribed", "KiB for each, idle"];
    return { text: table(head, rows) };
  },
};

async function measure(server: BenchServer, load: LoadGenerator): Promise<number[]> {
  const before = memoryKib(server.pid).now;
  const seconds = await join(load, server, IDLE);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return [IDLE / seconds, (memoryKib(server.pid).now - before) / IDLE];
}

/** Calls to publish. */
export const calls: Scenario = {
  title: "Publish calls, nobody listening",
  async run(rounds) {
    const columns = await each(rounds, "calls", startLive, async ({ publishing }, load) => {
      const order = { publishing, seconds: CALL_SECONDS };
      const single = await load.calls({ ...order, connections: 16, batch: 1 });
      const batch = await load.calls({ ...order, connections: 4, batch: 100 });
      return [single.perSecond, batch.perSecond];
    });
    const [single = [], batch = []] = columns;
    return {
      text: table(["", "messages a second"], [
        ["one message a call, 16 connections", spread(single)],
        ["100 messages a call, 4 connections", spread(batch)],
      ]),
    };
  },
};

/** Clients that missed something. */
export const recovery: Scenario = {
  title: `${
    BACK.toLocaleString("en")
  } clients come back at once, each having missed ${MISSED} messages`,
  async run(rounds) {
    const [plain = [], back = []] = await each(
      rounds,
      "recovery",
      startLive,
      async (server, load) => {
        const seconds = await join(load, server, BACK);
        const { epoch } = await publishBatch(server, MISSED);
        const { port, cookies } = server;
        const again = await load.connect({
          port,
          cookies,
          count: BACK,
          hello: `{"type":"subscribe","topic":"events:0","since":{"epoch":"${epoch}","offset":0}}`,
          answer: `"recovered":true,"messages":[`,
          atOnce: BACK,
        });
        if (again.failed > 0) throw new Error(`${again.failed} did not recover`);
        return [seconds, again.seconds];
      },
    );
    return {
      text: table(["", "seconds until all are live"], [
        ["connect and subscribe", spread(plain)],
        [`connect, subscribe and recover ${short(MISSED * BACK)} messages`, spread(back)],
      ]),
    };
  },
};
