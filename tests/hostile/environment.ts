/**
 * Faults of the machine: the clock jumps, or the log cannot be written.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { textFrame } from "../support/frames.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { assertServes, Attackers, connect, metricReaches, repeat, subscribe } from "./attackers.ts";

/** How often the clock jumps. */
const JUMPS = 10;

/** Time between two jumps, in milliseconds. */
const JUMP_MS = 300;

async function clockJumps(context: AttackContext): Promise<string> {
  using attackers = await Attackers.connect(context, 20);
  await attackers.subscribe("event:2");
  for (let jump = 0; jump < JUMPS; jump++) {
    context.target.kill("SIGUSR1");
    await sleep(JUMP_MS);
    await assertServes(context);
  }
  await metricReaches(context, "connections", (value) => value === 21);
  const answers = await attackers.all(async (client) => {
    await client.sendFrame(textFrame('{"type":"unsubscribe","topic":"event:2"}'));
    return (await client.message()).type;
  });
  assertEquals(answers, { unsubscribed: 20 });
  return `the clock jumps ${JUMPS} times by 6 to 60 hours, forward or back: all stay connected`;
}

/** Writes more lines than a pipe holds, which is 64 KiB. */
async function unwritableLog(context: AttackContext): Promise<string> {
  const count = 1_000;
  const cookie = context.directus.session("mallory");
  await repeat(count, async () => {
    using client = await connect(context.target.live, cookie);
    await subscribe(client, "event:2");
  });
  await metricReaches(context, "connections", (value) => value === 1);
  return `${count} connections to log: all served`;
}

const env = { LOG_LEVEL: "DEBUG" };

/** Attacks by the machine. */
export const environment: readonly Attack[] = [
  { name: "clock-jumps", preload: "tests/hostile/clock.ts", run: clockJumps },
  { name: "log-full", env, stdout: "full", run: unwritableLog },
  { name: "log-closed", env, stdout: "closed", run: unwritableLog },
  { name: "log-stuck", env, stdout: "unread", run: unwritableLog },
];
