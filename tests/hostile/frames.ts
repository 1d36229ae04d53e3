/**
 * Frames that RFC 6455 forbids, and frames that are too large.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { encodeFrame, type Frame, Opcode } from "../support/frames.ts";
import { ALLOCATOR_MIB, type Attack, type AttackContext, type Transport } from "./attack.ts";
import { Attackers, closeCode, format, openAfter, write } from "./attackers.ts";

const MIB = 1_048_576;

/** How long a connection that should stay open is observed, in milliseconds. */
const OPEN_MS = 1_000;

/** Clients that send each of the forbidden frames. */
const CLIENTS = 20;

const subscribe = new TextEncoder().encode('{"type":"subscribe","topic":"event:2"}');

/** A frame, and how the connection ends on each transport; `open` if it does not end. */
type Row = readonly [frame: Frame, ends: Readonly<Record<Transport, string>>];

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

function sendForbidden(rows: readonly Row[]): (context: AttackContext) => Promise<string> {
  return async (context) => {
    using attackers = await Attackers.connect(context, rows.length * CLIENTS);
    const ends = await attackers.all(async (client, index) => {
      const [frame, { [context.transport]: expected }] = rows[index % rows.length] as Row;
      await client.sendFrame(frame);
      const code = closeCode(client);
      const end = expected === "open" ? await openAfter(OPEN_MS, client, code) : await code;
      assertEquals(end, expected, `row ${index % rows.length}`);
      return end;
    });
    return format(ends);
  };
}

/** Deno's own transport does not bound a message before its last fragment has arrived. */
async function fragmentBomb(context: AttackContext): Promise<string> {
  const fragments = 32;
  const payload = new Uint8Array(MIB).fill(0x20);
  const first = encodeFrame({ opcode: Opcode.Text, payload, fin: false });
  const more = encodeFrame({ opcode: Opcode.Continuation, payload, fin: false });
  const last = encodeFrame({ opcode: Opcode.Continuation, payload });
  using attackers = await Attackers.connect(context, 4);
  const ends = await attackers.all(async (client, index) => {
    const isFinished = index % 2 === 0;
    for (let n = 0; n < fragments; n++) await write(client, n === 0 ? first : more);
    if (isFinished) await write(client, last);
    const isBounded = isFinished || context.transport === "ws";
    return isBounded
      ? await closeCode(client)
      : await openAfter(OPEN_MS, client, closeCode(client));
  });
  assertEquals(ends, context.transport === "deno" ? { 1009: 2, open: 2 } : { 1009: 4 });
  return `4 × ${fragments} MiB in fragments, 2 unfinished: ${format(ends)}`;
}

/** Deno's own transport accepts frames below 64 MiB, before the server can look at them. */
async function giantFrames(context: AttackContext): Promise<string> {
  using attackers = await Attackers.connect(context, 4);
  const [accepted, refused] = [63, 64].map((mib) =>
    encodeFrame({ opcode: Opcode.Text, payload: new Uint8Array(mib * MIB).fill(0x20) })
  ) as [Uint8Array, Uint8Array];
  const ends = await attackers.all(async (client, index) => {
    await write(client, index % 2 === 0 ? accepted : refused);
    return await closeCode(client);
  });
  assertEquals(ends, context.transport === "deno" ? { 1009: 2, ended: 2 } : { 1009: 4 });
  return `2 × 63 and 2 × 64 MiB in one frame: ${format(ends)}`;
}

/** Sends a frame that announces 1 TiB and contains 1 KB. */
async function boastfulFrame(context: AttackContext): Promise<string> {
  const head = new Uint8Array([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
  using attackers = await Attackers.connect(context, 50);
  const ends = await attackers.all(async (client) => {
    await write(client, head);
    await write(client, new Uint8Array(1_000));
    return await closeCode(client);
  });
  assertEquals(ends, context.transport === "deno" ? { ended: 50 } : { 1009: 50 });
  return `50 × 1 TiB announced: ${format(ends)}`;
}

/** Attacks by frames. */
export const frames: readonly Attack[] = [
  ...Object.entries(forbidden).map(([name, rows]) => ({ name, run: sendForbidden(rows) })),
  { name: "fragment-bomb", maxGrowthMib: 512, maxRetainedMib: ALLOCATOR_MIB, run: fragmentBomb },
  { name: "giant-frames", maxGrowthMib: 768, maxRetainedMib: ALLOCATOR_MIB, run: giantFrames },
  { name: "boastful-frame", run: boastfulFrame },
];
