/**
 * What must hold for long, and for many.
 *
 * @module
 */

import { assert } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import type { Attack, Scene } from "./attack.ts";
import { each, reaches } from "./clients.ts";
import { subscribeFrame, upgradeRequest, Visitor } from "./visitor.ts";

/** How many clients come and go at a time. */
const AT_A_TIME = 64;

/** Connections until memory is looked at, each time, and in all. */
const ROUND = 20_000;
const ALL = 200_000;

/** By how much memory may exceed in the end what it was when warm. */
const GROWTH = 1.1;

/**
 * Deno keeps a WebSocket whose peer left without a close frame until its idle timer is over. In a
 * day those are few at a time, in minutes they are many: so the timer is shortened like the day.
 */
const DAYS_PING_MS = 1_000;

/** A day in minutes: as many connections as a small site has. */
async function day(scene: Scene): Promise<string> {
  const { target, directus } = scene;
  const request = upgradeRequest(directus.session("mallory"));
  const frame = subscribeFrame("event:2");
  const visit = async () => {
    using visitor = await Visitor.connect(target.live);
    await visitor.write(request);
    await visitor.see('"welcome"');
    await visitor.write(frame);
    await visitor.see('"subscribed"');
  };
  const visits = async (count: number) => {
    await each(count, visit, AT_A_TIME);
    await reaches(scene, "connections", (value) => value === 1);
    await pause(DAYS_PING_MS);
    return await target.collect();
  };
  const beginning = performance.now();
  const warm = await visits(ROUND);
  let all = warm;
  for (let count = ROUND; count < ALL; count += ROUND) all = await visits(ROUND);
  const perSecond = Math.round(ALL * 1_000 / (performance.now() - beginning));
  const told =
    `${warm} MiB after ${ROUND} connections, ${all} MiB after ${ALL}, ${perSecond} a second`;
  assert(all <= warm * GROWTH, told);
  return told;
}

/** Acceptance runs. */
export const acceptance: readonly Attack[] = [
  {
    name: "day",
    env: { LIVE_WS_PING_INTERVAL_MS: `${DAYS_PING_MS}` },
    mostMib: 512,
    keepsMib: 48,
    withinMs: 120_000,
    run: day,
  },
];
