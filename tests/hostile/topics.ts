/**
 * One client and a million topics.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { encodeFrame, textFrame } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import type { Attack, Scene } from "./attack.ts";
import { Gang, reaches } from "./clients.ts";
import { BOUNDLESS } from "./directus_front.ts";

/** Topics until memory is looked at first, and in all. */
const WARM = 300_000;
const ALL = 1_000_000;

/** How many the client has at a time: the server's default. */
const AT_A_TIME = 128;

/** By how much memory may exceed in the end what it was when warm. */
const GROWTH = 1.5;

/** Asks for so many topics at once, and waits for all answers. */
async function ask(client: RawClient, type: string, first: number): Promise<void> {
  const frames = Array.from(
    { length: AT_A_TIME },
    (_, index) =>
      encodeFrame(textFrame(JSON.stringify({ type, topic: `${BOUNDLESS}:${first + index}` }))),
  );
  const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  await client.write(bytes);
  for (let answers = 0; answers < AT_A_TIME;) {
    const messages = [await client.message()].flat();
    for (const message of messages) assertEquals(message.type, `${type}d`, message.message);
    answers += messages.length;
  }
}

async function manyTopics(scene: Scene): Promise<string> {
  using gang = await Gang.connect(scene, 1);
  const [client] = gang.clients as [RawClient];
  let count = 0;
  const visit = async (until: number) => {
    for (; count < until; count += AT_A_TIME) {
      await ask(client, "subscribe", count);
      await ask(client, "unsubscribe", count);
    }
    await reaches(scene, "topics", (value) => value === 1);
    return await scene.target.collect();
  };
  const beginning = performance.now();
  const warm = await visit(WARM);
  const all = await visit(ALL);
  const perSecond = Math.round(count * 1_000 / (performance.now() - beginning));
  const told = `${warm} MiB after ${WARM} topics, ${all} MiB after ${ALL}, ${perSecond} a second`;
  assert(all <= warm * GROWTH, told);
  return told;
}

/** The attack by topics. */
export const topics: readonly Attack[] = [{
  name: "million-topics",
  env: { LIVE_MAX_MESSAGES_PER_SECOND: "1000000" },
  keepsMib: 128, // some 50,000 topics are kept for whoever comes back
  mostMib: 512,
  withinMs: 180_000,
  run: manyTopics,
}];
