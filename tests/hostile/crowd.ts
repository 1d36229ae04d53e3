/**
 * A thousand clients, of whom a hundred stop reading, and as much to read as the server can give.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import { Opcode, textFrame } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import type { Attack, Scene } from "./attack.ts";
import { enter, Gang } from "./clients.ts";
import type { CrowdEnd, CrowdOrder, CrowdReport } from "./crowd_worker.ts";
import { Flood } from "./flood.ts";
import { Thread } from "./thread.ts";

const READERS = 900;
const STUCK = 100;
const TOPIC = "event:2";
const KEYS = 50;
const PER_SECOND = 2_000;

/** How long it goes on, in milliseconds. */
const RUN_MS = 30_000;

/** How long everybody may take to connect, and the readers to reach the end, in milliseconds. */
const CONNECT_MS = 20_000;
const CATCH_UP_MS = 10_000;

const MIB = 1_048_576;

/** What a connection costs that does nothing, on Deno, in bytes. */
const IDLE_BYTES = 32_768;

/** Past this nothing more is handed to a socket; and then it may have got one frame more. */
const MARK_BYTES = 65_536;
const FRAME_BYTES = 65_536;

/** Defaults of the server: what may wait for one reader, and how often that in a burst. */
const THRESHOLD_BYTES = 1_048_576;
const BURST_THRESHOLDS = 4;

/** What V8 has not swept yet, in MiB. */
const GARBAGE_MIB = 128;

/** What the server may hold beyond what it held before, in MiB. */
const BOUND_MIB = Math.ceil(
  ((READERS + STUCK) * (IDLE_BYTES + MARK_BYTES + FRAME_BYTES) +
        BURST_THRESHOLDS * THRESHOLD_BYTES) / MIB + GARBAGE_MIB,
);

/** What a client that stopped reading knows: the newest of each key, and where it stands. */
interface Knowledge {
  readonly latest: Map<string, number>;
  offset: number;
  epoch: string;
}

async function crowd(scene: Scene): Promise<string> {
  const cookie = scene.directus.session("mallory");
  using readers = new Thread("./crowd_worker.ts");
  const order: CrowdOrder = { live: scene.target.live, cookie, topic: TOPIC, count: READERS };
  await readers.ask(order, CONNECT_MS);
  using stuck = await Gang.connect(scene, STUCK);
  await stuck.subscribe(TOPIC);
  const flood = new Flood(scene, { topic: TOPIC, perSecond: PER_SECOND, bytes: 200, keys: KEYS });
  await flood.until(pause(RUN_MS));
  const end: CrowdEnd = { last: flood.published, withinMs: CATCH_UP_MS };
  const report = await readers.ask<CrowdReport>(end, 2 * CATCH_UP_MS);
  const { most } = scene.target.memory;
  let cameBack = 0;
  await stuck.all(async (client) => {
    const knowledge = { latest: new Map<string, number>(), offset: 0, epoch: "" };
    if (!await readOn(client, knowledge, flood.published)) {
      cameBack++;
      using again = await enter(scene.target.live, cookie);
      const { epoch, offset } = knowledge;
      const since = epoch === "" ? {} : { since: { epoch, offset } };
      await again.sendFrame(
        textFrame(JSON.stringify({ type: "subscribe", topic: TOPIC, ...since })),
      );
      assert(await readOn(again, knowledge, flood.published), "it was closed again");
    }
    assertEquals(knowledge.latest, flood.latest);
    return "knows all";
  });
  const told =
    `${READERS} readers and ${STUCK} that stop, ${flood.published} messages in ${
      RUN_MS / 1_000
    } s: ${report.complete} readers got all, ${STUCK} know the newest of ${KEYS} keys, ${cameBack}` +
    ` of them came back; at most ${most} MiB, the bound is ${BOUND_MIB} more than before`;
  assertEquals(report.faults.slice(0, 3), [], told);
  assertEquals(report.complete, READERS, told);
  return told;
}

/** Reads up to an offset, and notes what it says; `false` if the connection is closed first. */
async function readOn(client: RawClient, known: Knowledge, last: number): Promise<boolean> {
  while (known.offset < last) {
    const frame = await client.frame();
    if (frame === undefined || frame.opcode === Opcode.Close) return false;
    if (frame.opcode !== Opcode.Text) continue;
    for (const message of [JSON.parse(new TextDecoder().decode(frame.payload))].flat()) {
      if (message.type === "subscribed") {
        known.epoch = message.epoch;
        for (const held of message.messages) known.latest.set(held.key, held.data.n);
        if (message.recovered === false) known.offset = message.offset;
        else known.offset = message.messages.at(-1)?.offset ?? known.offset;
      } else {
        known.latest.set(message.key, message.data.n);
        known.offset = message.offset;
      }
    }
  }
  return true;
}

/** The acceptance run. It needs two cores, one of them for the server. */
export const crowds: readonly Attack[] = [
  { name: "crowd", mostMib: BOUND_MIB, keepsMib: 112, run: crowd },
];
