/**
 * A machine that lets the server down: its clock jumps, its log cannot be written.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import { textFrame } from "../support/frames.ts";
import type { Attack, Scene } from "./attack.ts";
import { each, enter, Gang, reaches, serveNewcomer } from "./clients.ts";

/** How often the clock jumps. */
const JUMPS = 10;

/** How long it goes as it should between two jumps, in milliseconds. */
const QUIET_MS = 400;

async function clockJumps(scene: Scene): Promise<string> {
  using gang = await Gang.connect(scene, 20);
  await gang.subscribe("event:2");
  for (let jump = 0; jump < JUMPS; jump++) {
    scene.target.kill("SIGHUP");
    await pause(QUIET_MS);
    await serveNewcomer(scene);
  }
  await reaches(scene, "connections", (value) => value === 21);
  assertEquals(
    await gang.all(async (client) => {
      await client.sendFrame(textFrame('{"type":"unsubscribe","topic":"event:2"}'));
      return (await client.message()).type;
    }),
    { unsubscribed: 20 },
  );
  return `the clock jumps ${JUMPS} times by 6 to 60 hours, to and fro: nobody is sent away`;
}

/** More lines than a pipe holds, which is 64 KiB. */
async function unwritableLog(scene: Scene): Promise<string> {
  const count = 1_000;
  const cookie = scene.directus.session("mallory");
  await each(count, async () => {
    using client = await enter(scene.target.live, cookie);
    await client.sendFrame(textFrame('{"type":"subscribe","topic":"event:2"}'));
    assertEquals((await client.message()).type, "subscribed");
  });
  await reaches(scene, "connections", (value) => value === 1);
  return `${count} connections and more to tell of: all served`;
}

const env = { LOG_LEVEL: "DEBUG" };

/** Attacks by the machine. */
export const surroundings: readonly Attack[] = [
  { name: "clock-jumps", preload: "tests/hostile/clock.ts", run: clockJumps },
  { name: "log-full", env, output: "full", run: unwritableLog },
  { name: "log-closed", env, output: "closed", run: unwritableLog },
  { name: "log-stuck", env, output: "stuck", run: unwritableLog },
];
