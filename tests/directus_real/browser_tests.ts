/**
 * The guides in Chromium, with a real Directus.
 *
 * @module
 */

import { FLOW_SETTINGS } from "./flow_setup.ts";
import { guide } from "./guide_tests.ts";
import { hostsTests } from "./hosts_tests.ts";
import { RealDirectus } from "./real_directus.ts";
import { createUser, createWorld } from "./world_setup.ts";

let started: Promise<RealDirectus> | undefined;

async function start(): Promise<RealDirectus> {
  const directus = await RealDirectus.start("hosts", FLOW_SETTINGS);
  const { editor } = await createWorld(directus);
  await createUser(directus, "ada", { role: editor });
  return directus;
}

Deno.test.afterAll(async () => await (await started)?.[Symbol.asyncDispose]());

guide("11.17.4");
hostsTests(() => started ??= start());
