/**
 * Requests that do not end, or are too large.
 *
 * @module
 */

import { assert } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { UPGRADE_HEADERS } from "../support/raw_client.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { assertServes, Attackers, format, status, type Tally, write } from "./attackers.ts";

const HALF = "GET / HTTP/1.1\r\nhost: live.example\r\nconnection: Upgrade\r\nupgrade: web";

/** How long unfinished requests are kept, in milliseconds. */
const HELD_MS = 3_000;

/** How many unfinished requests there are, unless the limit of open files is lower. */
const HALF_OPEN = 10_000;
const OTHER_FILES = 500;

async function halfOpen(context: AttackContext): Promise<string> {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const max = Number(/Max open files\s+(\d+)/.exec(limits)?.[1]) - OTHER_FILES;
  const count = Math.min(HALF_OPEN, max);
  using attackers = await Attackers.open(context, count);
  const halves = await attackers.all(async (client) =>
    await write(client, HALF) ? "held" : "refused"
  );
  await sleep(HELD_MS);
  await assertServes(context); // with `ws`, a new connection makes the server break those that have waited long
  const { descriptors } = context.target;
  return `${count} half-open${count < HALF_OPEN ? " (open files are limited)" : ""}: ${
    format(halves)
  }, ${descriptors} descriptors`;
}

/** A header that arrives one byte at a time. */
async function slowHeaders(context: AttackContext): Promise<string> {
  using attackers = await Attackers.open(context, 200);
  const until = performance.now() + HELD_MS;
  const ends = await attackers.all(async (client) => {
    if (!await write(client, `${HALF}socket\r\nx-slow: `)) return "refused";
    while (performance.now() < until) {
      if (!await write(client, "x")) return "ended";
      await sleep(50);
    }
    return "held";
  });
  await assertServes(context);
  return `200 send a byte of a header every 50 ms: ${format(ends)}`;
}

/** Asserts that all requests were refused, by a status or by the end of the connection. */
function assertRefused(ends: Tally): void {
  const refusals = ["400", "401", "413", "431", "ended"];
  assert(Object.keys(ends).every((end) => refusals.includes(end)), format(ends));
}

function longHeader(name: string, what: string, lines: number, bytes: number) {
  return async (context: AttackContext): Promise<string> => {
    using attackers = await Attackers.open(context, 20);
    const line = (index: number) => `${name.replace("#", String(index))}${"x".repeat(bytes)}\r\n`;
    const block = Array.from({ length: lines }, (_, index) => line(index)).join("");
    const good = Object.entries(UPGRADE_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
    const ends = await attackers.all(async (client) => {
      const sent = write(client, `GET / HTTP/1.1\r\n${good.join("")}${block}\r\n`);
      const end = await status(client);
      await sent;
      return end;
    });
    assertRefused(ends);
    await assertServes(context);
    return `20 × ${what}: ${format(ends)}`;
  };
}

/** Sends a header that does not end, as fast as the server reads it. */
async function endlessHeader(context: AttackContext): Promise<string> {
  using attackers = await Attackers.open(context, 20);
  const block = "x".repeat(65_536);
  let bytes = 0;
  const ends = await attackers.all(async (client) => {
    const end = status(client);
    await write(client, `${HALF}socket\r\nx-endless: `);
    while (await write(client, block)) bytes += block.length;
    return await end;
  });
  assertRefused(ends);
  return `20 × an endless header, ${Math.round(bytes / 1_048_576)} MiB read: ${format(ends)}`;
}

/** The server refuses a session cookie that no browser would keep, and does not ask Directus. */
async function hugeCookie(context: AttackContext): Promise<string> {
  const cookie = `directus_session_token=${"x".repeat(100_000)}`;
  using attackers = await Attackers.open(context, 50);
  const ends = await attackers.all(async (client) => {
    await client.request("/", { ...UPGRADE_HEADERS, cookie }).catch(() => {});
    return await status(client);
  });
  assertRefused(ends);
  return `50 × a cookie of 100 KB: ${format(ends)}`;
}

/** Attacks by requests. */
export const requests: readonly Attack[] = [
  { name: "half-open", maxGrowthMib: 512, maxRetainedMib: 256, run: halfOpen },
  { name: "slow-headers", run: slowHeaders },
  { name: "endless-header", run: endlessHeader },
  { name: "header-block", run: longHeader("x-#: ", "1 MiB of headers", 64, 16_384) },
  { name: "many-headers", run: longHeader("x-#: ", "50,000 headers", 50_000, 1) },
  { name: "huge-cookie", run: hugeCookie },
];
