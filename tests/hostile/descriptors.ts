/**
 * TCP connections that use up the server's file descriptors, or make it leak some.
 *
 * @module
 */

import { assert } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { Program } from "../support/program.ts";
import { UPGRADE_HEADERS } from "../support/raw_client.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { assertServes, Attackers, format, status, write } from "./attackers.ts";

/** How many files the server may open, and how many connections try to use them up. */
const MAX_OPEN_FILES = 16_384;
const PROCESSES = 5;
const PER_PROCESS = 4_000;

/** The program that opens them, and what it prints. */
const CLIENTS = new URL("silent_clients.ts", import.meta.url).href;
const OPENED = /opened (\d+)/;

/**
 * How many times to try whether the server accepts clients again. They take a minute, because the server
 * pauses for seconds.
 */
const TRIES = 60;
const PAUSE_MS = 1_000;

async function silent(context: AttackContext): Promise<string> {
  const { target } = context;
  let opened = 0;
  {
    await using clients = new AsyncDisposableStack();
    const programs = Array.from({ length: PROCESSES }, () =>
      clients.use(
        new Program(Deno.execPath(), {
          args: [
            "run",
            "-q",
            "--no-config",
            "--allow-net",
            CLIENTS,
            `${target.live}`,
            `${PER_PROCESS}`,
          ],
          endSignal: "SIGKILL",
        }),
      ));
    for (const program of programs) opened += Number((await program.find(OPENED))?.[1]);
    assert(await target.answers("/healthz"), "GET /healthz is not answered during the shortage");
  }
  for (let tries = 1;; tries++) {
    try {
      await assertServes(context);
      return `${opened} silent connections of ${PROCESSES * PER_PROCESS}, ` +
        `accepts again at try ${tries}`;
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** Sends an upgrade in the same packet as a GET, without waiting for the answer to the GET. */
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
  {
    name: "silent",
    maxOpenFiles: MAX_OPEN_FILES,
    maxGrowthMib: 512,
    maxRetainedMib: 256,
    run: silent,
  },
  { name: "pipelined-upgrade", run: pipelinedUpgrade },
];
