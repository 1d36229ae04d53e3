/**
 * The contract and the server, tested with a real Directus. Most tests share one Directus.
 *
 * @module
 */

import { directusContract } from "../directus/contract.ts";
import { doctorTests } from "./doctor_tests.ts";
import { bearers } from "./bearers_tests.ts";
import { cookies } from "./cookies_tests.ts";
import { FLOW_SETTINGS } from "./flow_setup.ts";
import { bus } from "./bus_tests.ts";
import { flows } from "./flows_tests.ts";
import { CURED, startOperator, variablesIn } from "./operator_setup.ts";
import { outages } from "./outages_tests.ts";
import { createReaders } from "./readers_setup.ts";
import { refreshing } from "./refresh_tests.ts";
import { RealDirectus } from "./real_directus.ts";
import { access } from "./access_tests.ts";
import { sdkTests } from "./sdk_tests.ts";
import { SETTINGS, settings } from "./settings_tests.ts";
import { publicMode } from "./public_tests.ts";
import { property } from "./property_tests.ts";
import { sessions } from "./sessions_tests.ts";
import { setupTests } from "./setup_tests.ts";
import { createSubject } from "./subject_setup.ts";
import { createViewWorld } from "./view_world_setup.ts";
import { views } from "./views_tests.ts";
import { createUser, createWorld } from "./world_setup.ts";

const [directus, other, operator] = await Promise.all([
  RealDirectus.start("directus", FLOW_SETTINGS),
  RealDirectus.start("settings", SETTINGS),
  startOperator("doctor", CURED),
]);
const stop = async () => {
  await Promise.all([directus, other, operator].map((started) => started[Symbol.asyncDispose]()));
};
Deno.test.afterAll(stop);
try {
  const world = await createWorld(directus);
  const subject = await createSubject(directus, world);
  await createReaders(directus);
  directusContract("Directus", () => subject);
  sessions(directus, world);
  cookies(directus);
  bearers(directus, world);
  refreshing(directus);
  access(directus, world);
  publicMode(directus);
  flows(directus, world);
  views(directus, await createViewWorld(directus, 6));
  const { editor } = await createWorld(other);
  await createUser(other, "ada", { role: editor });
  settings(other);
  outages();
  bus();
  if (Deno.env.has("SEED")) property(); // minutes, so only on demand and with a seed
  sdkTests();
  const { lines } = await operator.setup();
  doctorTests(operator, variablesIn(lines.join("\n"))["DIRECTUS_TOKEN"] ?? "");
  setupTests();
} catch (error) { // no test runs, nor what runs after them
  await stop();
  throw error;
}
