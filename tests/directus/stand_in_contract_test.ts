/**
 * The stand-in, held to what the real Directus does.
 *
 * @module
 */

import { directusContract } from "./contract.ts";
import { BASE, options } from "./fixtures.ts";
import { ROTATION_GRACE_MS } from "./sessions.ts";
import { createDirectusStandIn } from "./stand_in.ts";

const SAM = { id: "sam-id", email: "sam@example.com", password: "demo" };

directusContract("The stand-in", () => {
  let now = Date.now();
  const directus = createDirectusStandIn({
    ...options,
    now: () => now,
    users: [...options.users, SAM],
    collections: options.collections?.map((collection) =>
      collection.name === "events"
        ? { ...collection, items: [...collection.items, { id: 3, title: "Hidden" }] }
        : collection
    ) ?? [],
  });
  directus.deny("ada-id", "events", 3);
  return {
    fetch: (path, init) => directus.fetch(BASE + path, init),
    logIn: (user) => Promise.resolve(directus.session(`${user}-id`)),
    logOut: (cookie) => Promise.resolve(directus.logOut(cookie)),
    refresh(cookie) {
      const fresh = directus.rotate(cookie);
      now += ROTATION_GRACE_MS;
      return Promise.resolve(fresh);
    },
    share: () => Promise.resolve(directus.shareSession("share")),
    suspend: (suspended) =>
      Promise.resolve(suspended ? directus.suspend("sam-id") : directus.resume("sam-id")),
    changePassword: () => Promise.resolve(directus.changePassword("sam-id", "demo")),
  };
});
