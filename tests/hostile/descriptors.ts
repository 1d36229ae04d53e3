/**
 * TCP connections that use up the server's file descriptors, or make it lose some.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { assertServes, Attackers, format, repeat, status, write } from "./attackers.ts";

/** How many files the server may open, and how many connections try to use them up. */
const MAX_OPEN_FILES = 400;
const SILENT = 2_000;

/** How long the connections are held, in milliseconds. */
const HELD_MS = 2_000;

/** How often to try whether the server accepts clients again: one minute, as it pauses for seconds. */
const TRIES = 60;
const PAUSE_MS = 1_000;

async function silent(context: AttackContext): Promise<string> {
  const { target } = context;
  const clients = await repeat(SILENT, () => RawClient.connect(target.live).catch(() => undefined));
  await sleep(HELD_MS);
  const isHealthy = await target.answers("/healthz");
  for (const client of clients) client?.close();
  const opened = clients.filter((client) => client !== undefined).length;
  if (!isHealthy) throw new Error("GET /healthz was not answered during the shortage");
  for (let tries = 1; tries < TRIES; tries++) {
    try {
      await assertServes(context);
      return `${opened} silent connections of ${SILENT}, accepts again at try ${tries}`;
    } catch {
      await sleep(PAUSE_MS);
    }
  }
  await assertServes(context);
  return `${opened} silent connections of ${SILENT}`;
}

/** An upgrade in the same packet as a GET, whose answer it does not wait for. */
async function pipelinedUpgrade(context: AttackContext): Promise<string> {
  const upgrade = Object.entries(UPGRADE_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  const packet = `GET /x HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\n${upgrade.join("")}\r\n`;
  using attackers = await Attackers.open(context, 200);
  const ends = await attackers.all(async (client) =>
    await write(client, packet) ? await status(client) : "ended"
  );
  await assertServes(context);
  return `200 × an upgrade behind a GET: ${format(ends)}`;
}

/** Attacks on file descriptors. */
export const descriptors: readonly Attack[] = [
  { name: "silent", maxOpenFiles: MAX_OPEN_FILES, run: silent },
  { name: "pipelined-upgrade", run: pipelinedUpgrade },
];
