/**
 * Clients that do not read, and those that do not let go.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import { encodeFrame, textFrame } from "../support/frames.ts";
import type { Attack, Scene } from "./attack.ts";
import { each, ending, Gang, reaches, tally, told } from "./clients.ts";
import { Flood } from "./flood.ts";
import { subscribeFrame, upgradeRequest, Visitor } from "./visitor.ts";

/** More than `LIVE_MAX_MESSAGE_BYTES`. */
const TOO_LONG = 65_537;

/** How long a client that reads again may take to read what was sent to it, in milliseconds. */
const READ_MS = 10_000;

/** How long one may take that reads a byte a second. */
const STUCK_MS = 30_000;

/** How often that one reads its byte. */
const SIP_MS = 1_000;

async function stuckReaders(scene: Scene): Promise<string> {
  const count = 100;
  using gang = await Gang.connect(scene, count);
  await gang.subscribe("event:2");
  const flood = new Flood(scene, { topic: "event:2", perSecond: 2_000, bytes: 200, keys: 50 });
  const code = 'disconnects_total{code="1008"}';
  await flood.until(reaches(scene, code, (value) => value === count, STUCK_MS));
  const closing = await stillClosing(scene, count);
  const ends = await gang.all((client) => ending(client, READ_MS));
  assertEquals(ends, scene.transport === "deno" ? { 1008: count } : { ended: count });
  return `${count} stop reading ${flood.published} messages: ${
    told(ends)
  }, ${closing} sockets held`;
}

async function byteReaders(scene: Scene): Promise<string> {
  const count = 20;
  const request = upgradeRequest(scene.directus.session("mallory"));
  const visitors = await each(count, async () => {
    const visitor = await Visitor.connect(scene.target.live);
    await visitor.write(request);
    await visitor.see('"welcome"');
    await visitor.write(subscribeFrame("event:2"));
    await visitor.see('"subscribed"');
    return visitor;
  });
  const flood = new Flood(scene, { topic: "event:2", perSecond: 500, bytes: 4_000, keys: 50 });
  const code = 'disconnects_total{code="1008"}';
  let isOver = false;
  const sipping = each(count, async (index) => {
    const byte = new Uint8Array(1);
    while (!isOver) {
      await visitors[index]?.read(byte);
      await pause(SIP_MS);
    }
  });
  await flood.until(reaches(scene, code, (value) => value === count, STUCK_MS));
  isOver = true;
  await sipping;
  const closing = await stillClosing(scene, count);
  for (const visitor of visitors) visitor[Symbol.dispose]();
  return `${count} read a byte a second: 1008 × ${count}, ${closing} sockets held`;
}

async function closeUnanswered(scene: Scene): Promise<string> {
  const count = 100;
  using gang = await Gang.connect(scene, count);
  const ends = await gang.all(async (client) => {
    await client.sendFrame(textFrame("x".repeat(TOO_LONG)));
    return await ending(client, READ_MS);
  });
  assertEquals(ends, { 1009: count });
  const closing = await stillClosing(scene, count);
  return `${count} never answer the close frame: ${told(ends)}, ${closing} sockets held`;
}

/**
 * Returns how many sockets the server has closed and cannot get rid of: all of them on Deno's own
 * transport, which has no way to end one, and none on the other.
 */
async function stillClosing(scene: Scene, count: number): Promise<number> {
  const expected = scene.transport === "deno" ? count : 0;
  return await reaches(scene, "closing_sockets", (value) => value === expected, STUCK_MS);
}

async function reset(scene: Scene): Promise<string> {
  const count = 500;
  const frame = encodeFrame(textFrame("x".repeat(1_000)));
  const ends = await each(count, async (index) => {
    using gang = await Gang.connect(scene, 1);
    const [client] = gang.clients;
    await client?.sendFrame(textFrame("not JSON")); // its answer stays unread: closing is a reset
    await client?.write(frame.subarray(0, 1 + index % 900));
    return "reset";
  });
  await reaches(scene, "connections", (value) => value === 1);
  return `${told(tally(ends))} in the middle of a frame`;
}

/** Attacks by those who do not take what is theirs. */
export const readers: readonly Attack[] = [
  { name: "stuck-readers", run: stuckReaders },
  { name: "byte-readers", run: byteReaders },
  { name: "close-unanswered", run: closeUnanswered },
  { name: "reset", run: reset },
];
