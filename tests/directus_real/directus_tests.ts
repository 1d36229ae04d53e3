/**
 * The server and its stand-in against a real Directus, one for most of these tests.
 *
 * @module
 */

import { directusContract } from "../directus/contract.ts";
import { flows } from "./flows.ts";
import { guide } from "./guide.ts";
import { outages } from "./outages.ts";
import { RealDirectus } from "./real_directus.ts";
import { rights } from "./rights.ts";
import { SETTINGS, settings } from "./settings.ts";
import { sessions } from "./sessions.ts";
import { createSubject } from "./subject.ts";
import { createUser, createWorld } from "./world.ts";

const [directus, other] = await Promise.all([
  RealDirectus.start("directus"),
  RealDirectus.start("settings", SETTINGS),
]);
const stop = async () => {
  await Promise.all([directus[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
};
Deno.test.afterAll(stop);
try {
  const world = await createWorld(directus);
  const subject = await createSubject(directus, world);
  directusContract("Directus", () => subject);
  sessions(directus, world);
  rights(directus, world);
  flows(directus, world);
  guide(directus);
  const { editor } = await createWorld(other);
  await createUser(other, "ada", { role: editor });
  settings(other);
  outages();
} catch (error) { // no test will run, and nothing after them
  await stop();
  throw error;
}
