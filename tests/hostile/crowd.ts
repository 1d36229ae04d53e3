/**
 * A thousand clients and as many messages as the server can send. A hundred of the clients stop reading.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Opcode } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import { ALLOCATOR_MIB, type Attack, type AttackContext, connectionsMib } from "./attack.ts";
import { Attackers, connect } from "./attackers.ts";
import type { CrowdOrder, CrowdReport } from "./crowd_worker.ts";
import { Flood } from "./flood.ts";
import { jsonFrame } from "./light_client.ts";
import { WorkerThread } from "./worker_thread.ts";

const READERS = 900;
const STUCK = 100;
const TOPIC = "event:2";
const KEYS = 50;

/** Messages per second, and in total: more than the kernel holds for a client that does not read. */
const PER_SECOND = 2_000;
const MESSAGES = 20_000;

/**
 * How many messages the slowest reader may be behind. The server keeps 256 messages, so every reader must
 * get every message, even on a slow machine.
 */
const WINDOW = 100;

/** How much memory a burst may take, in MiB: four times the default threshold of one reader. */
const BURST_MIB = 4;

/** The state of a client that stopped reading: the latest message of each key, and its position. */
interface Knowledge {
  readonly latest: Map<string, number>;
  offset: number;
  epoch: string;
}

async function crowd(context: AttackContext): Promise<string> {
  const cookie = context.directus.session("mallory");
  using readers = new WorkerThread("./crowd_worker.ts");
  const order: CrowdOrder = { live: context.target.live, cookie, topic: TOPIC, count: READERS };
  await readers.ask(order);
  using stuck = await Attackers.connect(context, STUCK);
  await stuck.subscribe(TOPIC);
  const flood = new Flood(context, { topic: TOPIC, perSecond: PER_SECOND, bytes: 200, keys: KEYS });
  await flood.count(MESSAGES, () => readers.ask(flood.published - WINDOW));
  const report = await readers.ask<CrowdReport>(flood.published);
  let reconnected = 0;
  await stuck.all(async (client) => {
    const known = { latest: new Map<string, number>(), offset: 0, epoch: "" };
    if (!await readTo(client, known, flood.published)) {
      reconnected++;
      using again = await connect(context.target.live, cookie);
      const { epoch, offset } = known;
      const since = epoch === "" ? {} : { since: { epoch, offset } };
      await again.write(jsonFrame({ type: "subscribe", topic: TOPIC, ...since }));
      assert(await readTo(again, known, flood.published), "it was disconnected again");
    }
    assertEquals(known.latest, flood.latest);
    return "up to date";
  });
  assertEquals(report.faults.slice(0, 3), []);
  assertEquals(report.complete, READERS);
  return `${flood.published} messages: ${READERS} readers got all, ${STUCK} that stopped reading ` +
    `know the latest of ${KEYS} keys, ${reconnected} of them reconnected`;
}

/** Reads up to an offset; resolves to `false` if the connection ends before. */
async function readTo(client: RawClient, known: Knowledge, last: number): Promise<boolean> {
  while (known.offset < last) {
    const frame = await client.frame();
    if (frame === undefined || frame.opcode === Opcode.Close) return false;
    if (frame.opcode !== Opcode.Text) continue;
    for (const message of [JSON.parse(new TextDecoder().decode(frame.payload))].flat()) {
      if (message.type === "subscribed") known.epoch = message.epoch;
      for (const { key, data } of message.messages ?? [message]) known.latest.set(key, data.n);
      known.offset = message.offset;
    }
  }
  return true;
}

/** The attack by a crowd. It needs two cores, one of them for the server. */
export const crowds: readonly Attack[] = [
  {
    name: "crowd",
    maxGrowthMib: connectionsMib(READERS + STUCK) + BURST_MIB,
    maxRetainedMib: ALLOCATOR_MIB,
    run: crowd,
  },
];
