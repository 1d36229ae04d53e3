/**
 * The contract with Directus, fulfilled by the stand-in.
 *
 * @module
 */

import { BASE, options } from "../support/directus.ts";
import { directusContract } from "./contract.ts";
import { PASSWORD, STATIC_TOKEN } from "./contract_setup.ts";
import { createDirectusStandIn } from "./stand_in.ts";
import { ROTATION_GRACE_MS } from "./stand_in/sessions.ts";

const more = ["sam", "max"].map((name) => ({
  id: `${name}-id`,
  email: `${name}@example.com`,
  password: PASSWORD,
}));

directusContract("The stand-in", () => {
  let now = Date.now();
  const directus = createDirectusStandIn({
    ...options,
    now: () => now,
    users: [
      ...options.users.map((user) =>
        user.id === "bob-id" ? { ...user, token: STATIC_TOKEN } : user
      ),
      ...more,
    ],
    collections: options.collections?.map((collection) =>
      collection.name === "events"
        ? { ...collection, items: [...collection.items, { id: 3, title: "Hidden" }] }
        : collection
    ) ?? [],
  });
  directus.deny("ada-id", "events", 3);
  return {
    fetch: (path, init) => directus.fetch(BASE + path, init),
    outlast() {
      now += ROTATION_GRACE_MS;
      return Promise.resolve();
    },
    expire(cookie) {
      directus.expire(cookie);
      return Promise.resolve(cookie);
    },
    share: () => Promise.resolve(directus.shareSession("share")),
    suspend: (suspended) =>
      Promise.resolve(suspended ? directus.suspend("sam-id") : directus.resume("sam-id")),
    changePassword: () => Promise.resolve(directus.changePassword("sam-id", PASSWORD)),
    remove: () => Promise.resolve(directus.remove("max-id")),
  };
});
