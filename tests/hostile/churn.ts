/**
 * Clients that come and go.
 *
 * @module
 */

import { assertGreater } from "@std/assert";
import type { Attack, Scene } from "./attack.ts";
import { each, serveNewcomer } from "./clients.ts";
import { upgradeRequest, Visitor } from "./visitor.ts";

/** How long each storm lasts, in milliseconds. */
const STORM_MS = 20_000;

/** What those hold who have just left, and what malloc keeps of that, in MiB. */
const MAX_MIB = 2_048;
const KEEPS_MIB = 96;

/** How many clients there are at a time. */
const AT_A_TIME = 64;

/** A storm that is slower than this says nothing. */
const MIN_PER_SECOND = 200;

/** Has clients come and go one after the other; returns how many did. */
async function storm(visit: (count: number) => Promise<void>): Promise<number> {
  const until = performance.now() + STORM_MS;
  let count = 0;
  await each(AT_A_TIME, async () => {
    while (performance.now() < until) await visit(count++);
  }, AT_A_TIME);
  assertGreater(count, MIN_PER_SECOND * STORM_MS / 1000);
  return count;
}

function perSecond(count: number): string {
  return `${count} times, ${Math.round(count * 1000 / STORM_MS)} a second`;
}

async function upgraded(scene: Scene): Promise<string> {
  const request = upgradeRequest(scene.directus.session("mallory"));
  const count = await storm(async () => {
    using visitor = await Visitor.connect(scene.target.live);
    await visitor.write(request);
    await visitor.see("HTTP/1.1 101");
  });
  await serveNewcomer(scene);
  return `connect, upgrade and leave ${perSecond(count)}`;
}

/** Leaves at once, after half a request, and after a whole one without waiting for its answer. */
async function unfinished(scene: Scene): Promise<string> {
  const request = upgradeRequest(scene.directus.session("mallory"));
  const parts = [0, request.length / 2, request.length].map((end) => request.subarray(0, end));
  const count = await storm(async (count) => {
    using visitor = await Visitor.connect(scene.target.live);
    await visitor.write(parts[count % parts.length] ?? request);
  });
  await serveNewcomer(scene);
  return `connect and leave before any answer ${perSecond(count)}`;
}

/**
 * Attacks by those who do not stay. Deno keeps a WebSocket whose peer left without a close frame until
 * its idle timer is over, some KiB for `LIVE_WS_PING_INTERVAL_MS`: they need room for so many.
 */
export const churn: readonly Attack[] = [
  { name: "churn-upgraded", mostMib: MAX_MIB, keepsMib: KEEPS_MIB, run: upgraded },
  { name: "churn-unfinished", mostMib: MAX_MIB, keepsMib: KEEPS_MIB, run: unfinished },
];
