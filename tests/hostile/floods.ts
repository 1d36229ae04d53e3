/**
 * Control frames in masses.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import { encodeFrame, Opcode, textFrame } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import type { Attack, Scene } from "./attack.ts";
import { Gang, serveNewcomer, told, write } from "./clients.ts";

/** Frames that are written at once. */
const BLOCK = 500;

/** How long clients that do not read go on, in milliseconds. */
const UNREAD_MS = 5_000;

/** A block of control frames with the longest payload there is. */
function blockOf(opcode: number): Uint8Array {
  const frame = encodeFrame({ opcode, payload: new Uint8Array(125).fill(0x61) });
  const block = new Uint8Array(frame.length * BLOCK);
  for (let at = 0; at < block.length; at += frame.length) block.set(frame, at);
  return block;
}

async function pings(scene: Scene): Promise<string> {
  const blocks = 40;
  using gang = await Gang.connect(scene, 10);
  const block = blockOf(Opcode.Ping);
  const ends = await gang.all(async (client) => {
    for (let count = 0; count < blocks; count++) {
      await client.write(block);
      for (let pongs = 0; pongs < BLOCK; pongs++) {
        const frame = await client.frame();
        if (frame === undefined && scene.transport === "ws") return "ended"; // 60 unread pongs are many
        assertEquals(frame?.opcode, Opcode.Pong);
      }
    }
    return "all answered";
  });
  return `10 × ${blocks * BLOCK} pings: ${told(ends)}`;
}

/** The pongs that nobody reads must not pile up. */
async function unreadPings(scene: Scene): Promise<string> {
  using gang = await Gang.connect(scene, 50);
  const block = blockOf(Opcode.Ping);
  let bytes = 0;
  let isOver = false;
  const flooding = gang.all(async (client) => {
    while (!isOver && await write(client, block)) bytes += block.length;
    return isOver ? "held up" : "ended";
  });
  await pause(UNREAD_MS);
  await serveNewcomer(scene);
  isOver = true;
  gang[Symbol.dispose](); // what waits to be written fails now
  const ends = await flooding;
  return `50 send ${Math.round(bytes / 1_048_576)} MiB of pings, read no pong: ${told(ends)}`;
}

async function pongs(scene: Scene): Promise<string> {
  const blocks = 100;
  using gang = await Gang.connect(scene, 10);
  const block = blockOf(Opcode.Pong);
  const ends = await gang.all(async (client: RawClient) => {
    for (let count = 0; count < blocks; count++) await client.write(block);
    await client.sendFrame(textFrame('{"type":"subscribe","topic":"event:2"}'));
    return (await client.message()).type;
  });
  assertEquals(ends, { subscribed: 10 });
  return `10 × ${blocks * BLOCK} pongs, and then served: ${told(ends)}`;
}

/** Attacks by masses of control frames. */
export const floods: readonly Attack[] = [
  { name: "ping-flood", run: pings },
  { name: "ping-flood-unread", run: unreadPings },
  { name: "pong-flood", run: pongs },
];
