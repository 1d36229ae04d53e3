/**
 * Frames that RFC 6455 forbids, and those that it allows and nobody wants.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { encodeFrame, type Frame, Opcode } from "../support/frames.ts";
import type { Attack, Scene, Transport } from "./attack.ts";
import { ending, Gang, told, write } from "./clients.ts";

const MIB = 1_048_576;

/** How long the server may take over a frame, in milliseconds. */
const ANSWER_MS = 5_000;

/** How long it is left alone with what it waits for the rest of, in milliseconds. */
const WAIT_MS = 1_000;

/** Clients that try each of the forbidden frames. */
const EACH = 20;

const text = new TextEncoder();
const subscribe = text.encode('{"type":"subscribe","topic":"event:2"}');

/** A frame, and how the connection ends on each transport; `open` if it does not. */
type Row = readonly [
  frame: Frame,
  ends: Readonly<Record<Transport, string>>,
];

const forbidden: Readonly<Record<string, readonly Row[]>> = {
  "unmasked": [
    [{ opcode: Opcode.Text, payload: subscribe, masked: false }, { deno: "open", ws: "1002" }],
  ],
  "reserved": [1, 2, 4].map((rsv): Row => [
    { opcode: Opcode.Text, payload: subscribe, rsv },
    { deno: "ended", ws: "1002" },
  ]),
  "opcodes": [3, 7, 11, 15].map((opcode): Row => [
    { opcode, payload: subscribe },
    { deno: "ended", ws: "1002" },
  ]),
  "bad-utf8": [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]].map((bytes) => [
    { opcode: Opcode.Text, payload: new Uint8Array(bytes) },
    { deno: "ended", ws: "1007" },
  ]),
  "bad-control": [
    { opcode: Opcode.Ping, payload: new Uint8Array(126) },
    { opcode: Opcode.Ping, payload: new Uint8Array(1), fin: false },
    { opcode: Opcode.Close, payload: new Uint8Array(1) },
    { opcode: Opcode.Continuation, payload: subscribe },
  ].map((frame): Row => [frame, { deno: "ended", ws: "1002" }]),
};

function forbid(rows: readonly Row[]): (scene: Scene) => Promise<string> {
  return async (scene) => {
    using gang = await Gang.connect(scene, rows.length * EACH);
    const ends = await gang.all(async (client, index) => {
      const [frame, expected] = rows[index % rows.length] as Row;
      await client.write("opcode" in frame ? encodeFrame(frame) : frame);
      const end = await ending(client, ANSWER_MS);
      assertEquals(end, expected[scene.transport], `row ${index % rows.length}`);
      return end;
    });
    return told(ends);
  };
}

/** Unfinished fragments: nobody counts them on Deno's own transport until the last has come. */
async function fragmentBomb(scene: Scene): Promise<string> {
  const each = 32;
  const payload = new Uint8Array(MIB).fill(0x20);
  const first = encodeFrame({ opcode: Opcode.Text, payload, fin: false });
  const more = encodeFrame({ opcode: Opcode.Continuation, payload, fin: false });
  const last = encodeFrame({ opcode: Opcode.Continuation, payload });
  using gang = await Gang.connect(scene, 4);
  const ends = await gang.all(async (client, index) => {
    for (let count = 0; count < each; count++) await write(client, count === 0 ? first : more);
    if (index % 2 === 0) await write(client, last);
    return await ending(client, index % 2 === 0 ? ANSWER_MS : WAIT_MS);
  });
  assertEquals(ends, scene.transport === "deno" ? { 1009: 2, open: 2 } : { 1009: 4 });
  return `4 × ${each} MiB in fragments, 2 unfinished: ${told(ends)}`;
}

/** Deno's own transport takes a frame of less than 64 MiB, before anybody can look at it. */
async function giantFrames(scene: Scene): Promise<string> {
  using gang = await Gang.connect(scene, 4);
  const [fits, isMore] = [63, 64].map((mib) =>
    encodeFrame({ opcode: Opcode.Text, payload: new Uint8Array(mib * MIB).fill(0x20) })
  ) as [Uint8Array, Uint8Array];
  const ends = await gang.all(async (client, index) => {
    await write(client, index % 2 === 0 ? fits : isMore);
    return await ending(client, ANSWER_MS);
  });
  assertEquals(ends, scene.transport === "deno" ? { 1009: 2, ended: 2 } : { 1009: 4 });
  return `2 × 63 and 2 × 64 MiB in one frame: ${told(ends)}`;
}

/** A frame that says it is 1 TiB, and is not. */
async function boastfulFrame(scene: Scene): Promise<string> {
  const head = new Uint8Array([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
  using gang = await Gang.connect(scene, 50);
  const ends = await gang.all(async (client) => {
    await write(client, head);
    await write(client, new Uint8Array(1_000));
    return await ending(client, WAIT_MS);
  });
  assertEquals(ends, scene.transport === "deno" ? { ended: 50 } : { 1009: 50 });
  return `50 × 1 TiB announced: ${told(ends)}`;
}

/** Attacks by frames. */
export const frames: readonly Attack[] = [
  ...Object.entries(forbidden).map(([name, rows]) => ({ name, run: forbid(rows) })),
  { name: "fragment-bomb", mostMib: 512, run: fragmentBomb },
  { name: "giant-frames", mostMib: 768, run: giantFrames },
  { name: "boastful-frame", run: boastfulFrame },
];
