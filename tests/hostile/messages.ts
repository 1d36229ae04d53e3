/**
 * Messages of the right form, and too many of them, or too much in one.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import { encodeFrame, textFrame } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import type { Attack, Scene } from "./attack.ts";
import { ending, Gang, told, write } from "./clients.ts";

/** Defaults of the server: messages that may come at once, and then in a second. */
const BURST = 256;
const PER_SECOND = 50;

/** How long a storm within the limits lasts, in seconds. */
const STORM_S = 5;

const ANSWER_MS = 5_000;

/** Subscribes to and leaves topics in turn, so many messages in one write. */
function storm(count: number): Uint8Array {
  const frames = Array.from({ length: count }, (_, index) => {
    const type = index % 2 === 0 ? "subscribe" : "unsubscribe";
    const topic = `event:${2 + (index >> 1) % 100}`;
    return encodeFrame(textFrame(JSON.stringify({ type, topic })));
  });
  const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

async function answers(client: RawClient, count: number): Promise<number> {
  let errors = 0;
  for (let n = 0; n < count; n++) {
    const { type } = await client.message();
    if (type !== "subscribed" && type !== "unsubscribed") errors++;
  }
  return errors;
}

async function stormWithin(scene: Scene): Promise<string> {
  using gang = await Gang.connect(scene, 50);
  const each = PER_SECOND - 2; // a little less than the limit, as clocks differ
  const ends = await gang.all(async (client) => {
    await client.write(storm(BURST));
    let errors = await answers(client, BURST);
    for (let second = 0; second < STORM_S; second++) {
      await pause(1_000);
      await client.write(storm(each));
      errors += await answers(client, each);
    }
    return `${errors} errors`;
  });
  assertEquals(ends, { "0 errors": 50 });
  return `50 × ${BURST + STORM_S * each} messages: ${told(ends)}`;
}

/**
 * A client that goes on sending does not see why it was closed, on Deno's own transport: that breaks
 * the connection at the next message, and what it has not read is lost.
 */
async function stormPast(scene: Scene): Promise<string> {
  const count = 100;
  using gang = await Gang.connect(scene, count);
  const bytes = storm(2 * BURST);
  const ends = await gang.all(async (client) => {
    await write(client, bytes);
    return await ending(client, ANSWER_MS);
  });
  const metrics = await scene.target.metrics();
  assertEquals(metrics.get('disconnects_total{code="4429"}'), count);
  if (scene.transport === "ws") assertEquals(ends, { 4429: count });
  return `${count} × ${2 * BURST} messages at once: all closed with 4429, seen as ${told(ends)}`;
}

async function tooLong(scene: Scene): Promise<string> {
  using gang = await Gang.connect(scene, 100);
  const ends = await gang.all(async (client, index) => {
    const length = 65_536 + (index % 2 === 0 ? 1 : 1_000_000);
    await write(client, encodeFrame(textFrame("é".repeat(length / 2 + 1))));
    return await ending(client, ANSWER_MS);
  });
  assertEquals(ends, { 1009: 100 });
  return `100 messages past the size: ${told(ends)}`;
}

/** Attacks by messages. */
export const messages: readonly Attack[] = [
  { name: "storm-within", run: stormWithin },
  { name: "storm-past", run: stormPast },
  { name: "too-long", run: tooLong },
];
