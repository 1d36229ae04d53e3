import { cookies } from "./cookies_tests.ts";
import { RealDirectus } from "./real_directus.ts";
import { createUser, createWorld } from "./world_setup.ts";
const directus = await RealDirectus.start("cookies");
Deno.test.afterAll(() => directus[Symbol.asyncDispose]());
try {
  const world = await createWorld(directus);
  await createUser(directus, "ada", { role: world.editor });
  await createUser(directus, "bob", { role: world.editor });
  cookies(directus);
} catch (error) {
  await directus[Symbol.asyncDispose]();
  throw error;
}
