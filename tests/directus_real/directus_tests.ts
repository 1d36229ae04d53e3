/**
 * The server and its stand-in against a real Directus, one for all these tests.
 *
 * @module
 */

import { directusContract, type Subject } from "../directus/contract.ts";
import { RealDirectus } from "./real_directus.ts";
import { flows } from "./flows.ts";
import { guide } from "./guide.ts";
import { rights } from "./rights.ts";
import { sessions } from "./sessions.ts";
import {
  cookieOf,
  createUser,
  createWorld,
  JSON_TYPE,
  logIn,
  logOut,
  PASSWORD,
  refresh,
  type World,
} from "./world.ts";

const directus = await RealDirectus.start();
const world = await createWorld(directus);
Deno.test.afterAll(() => directus[Symbol.asyncDispose]());

const subject = await createSubject(directus, world);
directusContract("Directus", () => subject);
sessions(directus, world);
rights(directus, world);
flows(directus, world);
guide(directus);

async function createSubject(directus: RealDirectus, { editor }: World): Promise<Subject> {
  await createUser(directus, "ada", { role: editor, first_name: "Ada" });
  await createUser(directus, "bob");
  const sam = await createUser(directus, "sam");
  return {
    fetch: (path, init) => directus.fetch(path, init),
    logIn: (user) => logIn(directus, user),
    logOut: (cookie) => logOut(directus, cookie),
    async refresh(cookie) {
      const fresh = await refresh(directus, cookie);
      for (;;) { // the grace period of the old one is short
        const { status, body } = await directus.fetch("/users/me", { headers: { cookie } });
        await body?.cancel();
        if (status === 401) return fresh;
      }
    },
    async share() {
      const { id } = await directus.admin("POST", "/shares", {
        collection: "events",
        item: "1",
        role: editor,
      });
      const response = await directus.fetch("/shares/auth", {
        method: "POST",
        headers: JSON_TYPE,
        body: JSON.stringify({ share: id, mode: "session" }),
      });
      return await cookieOf(response);
    },
    suspend: (suspended) =>
      directus.admin("PATCH", `/users/${sam}`, { status: suspended ? "suspended" : "active" }),
    changePassword: () => directus.admin("PATCH", `/users/${sam}`, { password: PASSWORD }),
  };
}
