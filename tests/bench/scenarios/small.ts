/**
 * Other work of a server: new connections, idle ones, publish calls, and recovery.
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
const RECONNECTING = 1_000;

/** Time for a server to return memory, in milliseconds. */
const SETTLE_MS = 5_000;

/** Runs a measurement several times, each on a server of its own. */
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

/** New connections per second, and their memory once they are idle. */
export const connections: Scenario = {
  title: `${IDLE.toLocaleString("en")} new connections with one topic each, and their memory`,
  async run(rounds) {
    const rows: string[][] = [];
    for (const [name, start] of Object.entries({ "Live": startLive, ...peers })) {
      const [rates = [], sizes = []] = await each(rounds, `connections: ${name}`, start, measure);
      rows.push([name, spread(rates), spread(sizes)]);
    }
    const head = ["", "per second, authenticated and subscribed", "KiB per idle connection"];
    return { text: table(head, rows) };
  },
};

async function measure(server: BenchServer, load: LoadGenerator): Promise<number[]> {
  const before = memoryKib(server.pid).now;
  const seconds = await join(load, server, IDLE);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return [IDLE / seconds, (memoryKib(server.pid).now - before) / IDLE];
}

/** Publish calls. */
export const calls: Scenario = {
  title: "Publish calls without subscribers",
  async run(rounds) {
    const columns = await each(rounds, "calls", startLive, async ({ publishing }, load) => {
      const order = { publishing, seconds: CALL_SECONDS };
      const single = await load.calls({ ...order, connections: 16, batch: 1 });
      const batch = await load.calls({ ...order, connections: 4, batch: 100 });
      return [single.perSecond, batch.perSecond];
    });
    const [single = [], batch = []] = columns;
    return {
      text: table(["", "messages per second"], [
        ["one message per call, 16 connections", spread(single)],
        ["100 messages per call, 4 connections", spread(batch)],
      ]),
    };
  },
};

/** Recovery of missed messages. */
export const recovery: Scenario = {
  title: `${
    RECONNECTING.toLocaleString("en")
  } clients reconnect at once, each after ${MISSED} missed messages`,
  async run(rounds) {
    const [plain = [], back = []] = await each(
      rounds,
      "recovery",
      startLive,
      async (server, load) => {
        const seconds = await join(load, server, RECONNECTING);
        const { epoch } = await publishBatch(server, MISSED);
        const { port, cookies } = server;
        const again = await load.connect({
          port,
          cookies,
          count: RECONNECTING,
          hello: `{"type":"subscribe","topic":"events:0","since":{"epoch":"${epoch}","offset":0}}`,
          answer: `"recovered":true,"messages":[`,
          atOnce: RECONNECTING,
        });
        if (again.failed > 0) throw new Error(`${again.failed} did not recover`);
        return [seconds, again.seconds];
      },
    );
    return {
      text: table(["", "seconds until all are subscribed"], [
        ["connect and subscribe", spread(plain)],
        [`connect, subscribe and recover ${short(MISSED * RECONNECTING)} messages`, spread(back)],
      ]),
    };
  },
};
