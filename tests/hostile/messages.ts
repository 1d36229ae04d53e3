/**
 * Well-formed messages: too many, or too long.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { textFrame } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { Attackers, closeCode, format, metricReaches, write } from "./attackers.ts";
import { joinBytes, jsonFrame } from "./light_client.ts";

/** Defaults of the server: messages in a burst, and messages per second after it. */
const BURST = 256;
const PER_SECOND = 50;

/** How long a storm within the limits lasts, in seconds. */
const STORM_SECONDS = 3;

/** Returns subscriptions and unsubscriptions in turn, as one write. */
function storm(count: number): Uint8Array {
  return joinBytes(Array.from({ length: count }, (_, index) => {
    const type = index % 2 === 0 ? "subscribe" : "unsubscribe";
    return jsonFrame({ type, topic: `event:${2 + (index >> 1) % 100}` });
  }));
}

/** Reads answers; resolves to the number of errors among them. */
async function errors(client: RawClient, count: number): Promise<number> {
  let errors = 0;
  for (let n = 0; n < count; n++) {
    const { type } = await client.message();
    if (type !== "subscribed" && type !== "unsubscribed") errors++;
  }
  return errors;
}

async function stormWithin(context: AttackContext): Promise<string> {
  using attackers = await Attackers.connect(context, 50);
  const each = PER_SECOND - 2; // slightly less than the limit, as clocks differ
  const ends = await attackers.all(async (client) => {
    await client.write(storm(BURST));
    let count = await errors(client, BURST);
    for (let second = 0; second < STORM_SECONDS; second++) {
      await sleep(1_000);
      await client.write(storm(each));
      count += await errors(client, each);
    }
    return `${count} errors`;
  });
  assertEquals(ends, { "0 errors": 50 });
  return `50 × ${BURST + STORM_SECONDS * each} messages: ${format(ends)}`;
}

/**
 * On Deno's own transport, a client that keeps sending cannot see its close code: its next message
 * breaks the connection, and unread data is lost.
 */
async function stormPast(context: AttackContext): Promise<string> {
  const count = 50;
  using attackers = await Attackers.connect(context, count);
  const bytes = storm(2 * BURST);
  const ends = await attackers.all(async (client) => {
    await write(client, bytes);
    return await closeCode(client);
  });
  const code = 'disconnects_total{code="4429"}';
  await metricReaches(context, code, (value) => value === count);
  if (context.transport === "ws") assertEquals(ends, { 4429: count });
  return `${count} × ${2 * BURST} messages at once: 4429 × ${count}, clients see ${format(ends)}`;
}

async function tooLong(context: AttackContext): Promise<string> {
  using attackers = await Attackers.connect(context, 100);
  const ends = await attackers.all(async (client, index) => {
    const length = 65_536 + (index % 2 === 0 ? 1 : 1_000_000);
    await client.sendFrame(textFrame("é".repeat(length / 2 + 1))).catch(() => {});
    return await closeCode(client);
  });
  assertEquals(ends, { 1009: 100 });
  return `100 messages that are too long: ${format(ends)}`;
}

/** Attacks by messages. */
export const messages: readonly Attack[] = [
  { name: "storm-within", run: stormWithin },
  { name: "storm-past", run: stormPast },
  { name: "too-long", run: tooLong },
];
