/**
 * Clients that do not read, and clients that do not close.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeFrame, textFrame } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { Attackers, closeCode, format, metricReaches, repeat, tally, write } from "./attackers.ts";
import { Flood } from "./flood.ts";
import { jsonFrame, LightClient, upgradeRequest } from "./light_client.ts";

/** More than `LIVE_MAX_MESSAGE_BYTES`. */
const TOO_LONG = 65_537;

/** How often a slow reader reads a byte, in milliseconds. */
const SIP_MS = 1_000;

/** How often a client asks again, and the time between, in milliseconds. */
const ASKS = 200;
const ASK_MS = 50;

/**
 * How much the heap may grow while clients ask again and read nothing, in MiB: 4 for what is unsent, 5
 * for the frames of the history, and some for code that runs for the first time.
 */
const HELD_MIB = 32;

const DISCONNECTED = 'disconnects_total{code="1008"}';

async function stuckReaders(context: AttackContext): Promise<string> {
  const count = 100;
  using attackers = await Attackers.connect(context, count);
  await attackers.subscribe("event:2");
  const flood = new Flood(context, { topic: "event:2", perSecond: 2_000, bytes: 1_000, keys: 50 });
  await flood.until(metricReaches(context, DISCONNECTED, (value) => value === count));
  const closing = await closingSockets(context, count);
  const ends = await attackers.all(closeCode);
  assertEquals(ends, context.transport === "deno" ? { 1008: count } : { ended: count });
  return `${count} do not read ${flood.published} messages: ${
    format(ends)
  }, ${closing} sockets held`;
}

async function byteReaders(context: AttackContext): Promise<string> {
  const count = 20;
  const request = upgradeRequest(context.directus.session("mallory"));
  const { live } = context.target;
  const clients = await repeat(count, () => LightClient.subscribe(live, request, "event:2"));
  const flood = new Flood(context, { topic: "event:2", perSecond: 2_000, bytes: 4_000, keys: 50 });
  let isOver = false;
  const sipping = repeat(count, async (index) => {
    const byte = new Uint8Array(1);
    while (!isOver) {
      await clients[index]?.readInto(byte);
      await sleep(SIP_MS);
    }
  });
  await flood.until(metricReaches(context, DISCONNECTED, (value) => value === count));
  isOver = true;
  await sipping;
  const closing = await closingSockets(context, count);
  for (const client of clients) client[Symbol.dispose]();
  return `${count} read a byte a second: 1008 × ${count}, ${closing} sockets held`;
}

/** One user within all limits asks for the largest history again and again, and reads nothing. */
async function recoveries(context: AttackContext): Promise<string> {
  const [count, held] = [32, 256];
  const flood = new Flood(context, { topic: "event:2", perSecond: 400, bytes: 20_000, keys: held });
  await flood.count(held, () => Promise.resolve());
  const historyMib = await context.target.collect();
  using attackers = await Attackers.connect(context, count);
  const question = jsonFrame({ type: "subscribe", topic: "event:2" });
  let asked = 0;
  await repeat(count, async (index) => {
    for (let times = 0; times < ASKS; times++) {
      if (!await write(attackers.clients[index] as RawClient, question)) return;
      asked++;
      await sleep(ASK_MS);
    }
  });
  const heldMib = await context.target.collect() - historyMib;
  const summary = `${count} ask ${asked} times for ${held} messages of 20 KB, and read nothing: ` +
    `${heldMib.toFixed(1)} MiB held`;
  assert(heldMib <= HELD_MIB, summary);
  return summary;
}

async function unansweredClose(context: AttackContext): Promise<string> {
  const count = 100;
  using attackers = await Attackers.connect(context, count);
  const ends = await attackers.all(async (client) => {
    await client.sendFrame(textFrame("x".repeat(TOO_LONG)));
    return await closeCode(client);
  });
  assertEquals(ends, { 1009: count });
  const closing = await closingSockets(context, count);
  return `${count} never answer the close frame: ${format(ends)}, ${closing} sockets held`;
}

/**
 * Resolves to how many sockets the server has closed and cannot end: all on Deno's own transport,
 * which has no way to end a socket, and none with `ws`.
 */
async function closingSockets(context: AttackContext, count: number): Promise<number> {
  const expected = context.transport === "deno" ? count : 0;
  return await metricReaches(context, "closing_sockets", (value) => value === expected);
}

async function reset(context: AttackContext): Promise<string> {
  const count = 500;
  const frame = encodeFrame(textFrame("x".repeat(1_000)));
  const ends = await repeat(count, async (index) => {
    using attackers = await Attackers.connect(context, 1);
    const [client] = attackers.clients;
    await client?.sendFrame(textFrame("not JSON")); // closing with its answer unread is a reset
    await client?.write(frame.subarray(0, 1 + index % 900));
    return "reset";
  });
  await metricReaches(context, "connections", (value) => value === 1);
  return `${format(tally(ends))} in the middle of a frame`;
}

/** Attacks by clients that do not read or do not close. */
export const slowReaders: readonly Attack[] = [
  { name: "stuck-readers", run: stuckReaders },
  { name: "byte-readers", run: byteReaders },
  { name: "recoveries", run: recoveries },
  { name: "close-unanswered", run: unansweredClose },
  { name: "reset", run: reset },
];
