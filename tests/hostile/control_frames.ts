/**
 * Floods of control frames.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeFrame, Opcode } from "../support/frames.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { assertServes, Attackers, format, subscribe, write } from "./attackers.ts";
import { joinBytes } from "./light_client.ts";

/** Frames in one write. */
const BLOCK = 500;

/** How long clients that do not read send pings, in milliseconds. */
const UNREAD_MS = 3_000;

/** Returns control frames with the longest payload that is allowed. */
function blockOf(opcode: number): Uint8Array {
  const frame = encodeFrame({ opcode, payload: new Uint8Array(125).fill(0x61) });
  return joinBytes(Array.from({ length: BLOCK }, () => frame));
}

async function pings(context: AttackContext): Promise<string> {
  const blocks = 40;
  using attackers = await Attackers.connect(context, 10);
  const block = blockOf(Opcode.Ping);
  const ends = await attackers.all(async (client) => {
    for (let n = 0; n < blocks; n++) {
      await client.write(block);
      for (let pongs = 0; pongs < BLOCK; pongs++) {
        const frame = await client.frame();
        // With `ws` the server ends connections that have more than 60 unread pongs.
        if (frame === undefined && context.transport === "ws") return "ended";
        assertEquals(frame?.opcode, Opcode.Pong);
      }
    }
    return "all answered";
  });
  return `10 × ${blocks * BLOCK} pings: ${format(ends)}`;
}

/** Pongs that the client does not read must not pile up in the server. */
async function unreadPings(context: AttackContext): Promise<string> {
  using attackers = await Attackers.connect(context, 50);
  const block = blockOf(Opcode.Ping);
  let bytes = 0;
  let isOver = false;
  const flooding = attackers.all(async (client) => {
    while (!isOver && await write(client, block)) bytes += block.length;
    return isOver ? "blocked" : "ended";
  });
  await sleep(UNREAD_MS);
  await assertServes(context);
  isOver = true;
  attackers[Symbol.dispose](); // pending writes fail now
  const ends = await flooding;
  return `50 send ${Math.round(bytes / 1_048_576)} MiB of pings, read no pong: ${format(ends)}`;
}

async function pongs(context: AttackContext): Promise<string> {
  const blocks = 100;
  using attackers = await Attackers.connect(context, 10);
  const block = blockOf(Opcode.Pong);
  const ends = await attackers.all(async (client) => {
    for (let n = 0; n < blocks; n++) await client.write(block);
    await subscribe(client, "event:2");
    return "subscribed";
  });
  return `10 × ${blocks * BLOCK} pongs: ${format(ends)}`;
}

/** Attacks by control frames. */
export const controlFrames: readonly Attack[] = [
  { name: "ping-flood", run: pings },
  { name: "ping-flood-unread", run: unreadPings },
  { name: "pong-flood", run: pongs },
];
