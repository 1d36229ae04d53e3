/**
 * Tests of how much a connection holds if its client reads slowly and requests much.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import type { Wire } from "../../live/domain/wire.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";
import { sseWire } from "../../live/wire/sse_wire.ts";
import type { Client } from "../support/fake_client.ts";
import { Random } from "../support/random.ts";
import { HubSetup } from "./setup.ts";

/** The mark above which a socket gets no further frame; a frame of one topic is as large. */
const MARK = 65_536;
/** Separators of a frame. */
const ROUNDING = 1_000;
const CLIENTS = 8;
/** Publications of all topics together, and the length of each: 4.9 MiB. */
const PUBLICATIONS = 256;
const LENGTH = 20_000;

const wires: readonly (readonly [string, Wire])[] = [["JSON", jsonWire], ["SSE", sseWire]];
const keyings: readonly (readonly [string, (index: number) => string | undefined])[] = [
  ["keyed", (index) => `k${index}`],
  ["unkeyed", () => undefined],
];

for (const [wireName, wire] of wires) {
  for (const [keying, keyOf] of keyings) {
    for (const topics of [1, 4]) {
      Deno.test(`Hub bounds what slow connections hold: ${wireName}, ${topics} ${keying} logs of 4.9 MiB together`, async () => {
        const random = new Random(topics);
        const perTopic = PUBLICATIONS / topics;
        await using setup = new HubSetup({ wire, historyMaxBytes: 1e9 });
        const names = Array.from({ length: topics }, (_, index) => `event:${index}`);
        for (const topic of names) {
          const data = "x".repeat(LENGTH);
          const all = Array.from({ length: perTopic }, (_, i) => ({ data, key: keyOf(i) }));
          await setup.publishAll(...all.map((one) => ({ topic, ...one })));
        }
        const epochs = await epochsOf(setup, names);
        let most = 0;
        const clients = Array.from({ length: CLIENTS }, () => {
          const client = setup.connect(...names);
          client.socket.slow = true;
          client.socket.onSend = () => most = Math.max(most, client.socket.bufferedAmount);
          return client;
        });
        const starts = clients.flatMap((client) =>
          names.map((topic, index) =>
            setup.subscribe(client, topic, { epoch: epochs[index] ?? "", offset: 0 })
          )
        );

        for (
          let rounds = 0;
          !clients.every((client) => isUpToDate(client, topics, perTopic));
          rounds++
        ) {
          assert(rounds < 10_000, "it never ends");
          for (const { socket } of clients) {
            socket.bufferedAmount = random.below(socket.bufferedAmount + 1);
          }
          await setup.pass(20);
        }

        await Promise.all(starts);
        // The last topic of a joined frame may be as large as a frame.
        assertLess(most, MARK + (topics === 1 ? 1 : 2) * MARK + ROUNDING);
        assertEquals(clients.flatMap(({ socket }) => socket.closes), []);
      });
    }
  }
}

async function epochsOf(setup: HubSetup, topics: readonly string[]): Promise<string[]> {
  const client = setup.connect(...topics);
  const epochs: string[] = [];
  for (const topic of topics) {
    await setup.hub.subscribe(client.connection, topic, {
      onStart: ({ epoch }) => epochs.push(epoch),
    });
  }
  client.connection.end(1000, "");
  return epochs;
}

/** Whether a client was handed the last message of every topic. */
function isUpToDate({ socket: { frames } }: Client, topics: number, head: number): boolean {
  const isHead = (text: string) => text.split(`"offset":${head},"`).length - 1;
  const heads = frames.reduce((count, frame) => count + isHead(frame), 0);
  return heads >= topics;
}
