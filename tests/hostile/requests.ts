/**
 * Requests that never come to their point.
 *
 * @module
 */

import { assert } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import { UPGRADE_HEADERS } from "../support/raw_client.ts";
import type { Attack, Scene } from "./attack.ts";
import { Gang, serveNewcomer, status, tally, told, write } from "./clients.ts";

const HALF = "GET / HTTP/1.1\r\nhost: live.example\r\nconnection: Upgrade\r\nupgrade: web";

/** How long the server may take over a request, in milliseconds. */
const ANSWER_MS = 5_000;

/** How long half a request is left to wait, in milliseconds. */
const HELD_MS = 3_000;

/** How many half-open requests there are, if this process may have so many files open. */
const HALF_OPEN = 10_000;
const OTHER_FILES = 500;

async function halfOpen(scene: Scene): Promise<string> {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const most = Number(/Max open files\s+(\d+)/.exec(limits)?.[1]) - OTHER_FILES;
  const count = Math.min(HALF_OPEN, most);
  using gang = await Gang.open(scene, count);
  const halves = await gang.all(async (client) => await write(client, HALF) ? "held" : "refused");
  await pause(HELD_MS);
  const held = scene.target.descriptors;
  await serveNewcomer(scene);
  return `${count} half-open${count < HALF_OPEN ? " (open files are limited)" : ""}: ${
    told(halves)
  }, ${held} descriptors`;
}

/** A header, one byte at a time. */
async function slowHeaders(scene: Scene): Promise<string> {
  using gang = await Gang.open(scene, 200);
  const until = performance.now() + HELD_MS;
  const ends = await gang.all(async (client) => {
    if (!await write(client, `${HALF}socket\r\nx-slow: `)) return "refused";
    while (performance.now() < until) {
      if (!await write(client, "x")) return "ended";
      await pause(50);
    }
    return "held";
  });
  await serveNewcomer(scene);
  return `200 send a byte of a header each 50 ms: ${told(ends)}`;
}

/** Answers to a request that is too long for anybody; no answer but the end is as good. */
const NO = ["400", "401", "413", "431", "ended"];

function longHeader(name: string, what: string, lines: number, bytes: number) {
  return async (scene: Scene): Promise<string> => {
    using gang = await Gang.open(scene, 20);
    const line = (index: number) => `${name.replace("#", String(index))}${"x".repeat(bytes)}\r\n`;
    const block = Array.from({ length: lines }, (_, index) => line(index)).join("");
    const good = Object.entries(UPGRADE_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
    const ends = await gang.all(async (client) => {
      const sent = write(client, `GET / HTTP/1.1\r\n${good.join("")}${block}\r\n`);
      const end = await status(client, ANSWER_MS);
      await sent;
      return end;
    });
    assert(Object.keys(ends).every((end) => NO.includes(end)), told(ends));
    await serveNewcomer(scene);
    return `20 × ${what}: ${told(ends)}`;
  };
}

/** A header that goes on and on, as fast as it is taken. */
async function endlessHeader(scene: Scene): Promise<string> {
  using gang = await Gang.open(scene, 20);
  const block = "x".repeat(65_536);
  let bytes = 0;
  const until = performance.now() + HELD_MS;
  const ends = await gang.all(async (client) => {
    const end = status(client, HELD_MS);
    await write(client, `${HALF}socket\r\nx-endless: `);
    while (performance.now() < until && await write(client, block)) bytes += block.length;
    return await end;
  });
  return `20 × a header without end, ${Math.round(bytes / 1_048_576)} MiB taken: ${told(ends)}`;
}

/** A session cookie that no browser keeps costs Directus nothing. */
async function hugeCookie(scene: Scene): Promise<string> {
  const value = "x".repeat(100_000);
  using gang = await Gang.open(scene, 50);
  const ends = await gang.all(async (client) => {
    const cookie = `directus_session_token=${value}`;
    return String(
      (await client.upgrade("/", { cookie }).catch(() => ({ status: "ended" }))).status,
    );
  });
  assert(Object.keys(ends).every((end) => NO.includes(end)), told(tally(Object.keys(ends))));
  return `50 × a cookie of 100 KB: ${told(ends)}`;
}

/** Attacks by requests. */
export const requests: readonly Attack[] = [
  { name: "half-open", mostMib: 512, keepsMib: 256, run: halfOpen },
  { name: "slow-headers", run: slowHeaders },
  { name: "endless-header", run: endlessHeader },
  { name: "header-block", run: longHeader("x-#: ", "1 MiB of headers", 64, 16_384) },
  { name: "many-headers", run: longHeader("x-#: ", "50,000 headers", 50_000, 1) },
  { name: "huge-cookie", run: hugeCookie },
];
