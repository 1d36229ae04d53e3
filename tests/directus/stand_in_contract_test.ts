/**
 * The contract with Directus, fulfilled by the stand-in.
 *
 * @module
 */

import { BASE, options } from "../support/directus.ts";
import { directusContract } from "./contract.ts";
import { PASSWORD, STATIC_TOKEN } from "./contract_setup.ts";
import { createDirectusStandIn } from "./stand_in.ts";
import { Database } from "./stand_in/database.ts";
import { ROTATION_GRACE_MS } from "./stand_in/sessions.ts";
import { VIEW_ITEMS, VIEW_READERS } from "./views_contract.ts";

const more = ["sam", "max"].map((name) => ({
  id: `${name}-id`,
  email: `${name}@example.com`,
  password: PASSWORD,
}));

/** Creates what the rows about views read. */
function createDatabase(): Database {
  const database = new Database();
  const { rights, relations } = database;
  for (const [name, items] of Object.entries(VIEW_ITEMS)) {
    const fields = [...Object.keys(items[0]), ...(name === "posts" ? ["comments"] : [])];
    database.create(name, fields, items);
  }
  relations.push(
    {
      collection: "posts",
      field: "author",
      related_collection: "authors",
      meta: { one_field: null },
    },
    {
      collection: "comments",
      field: "post",
      related_collection: "posts",
      meta: { one_field: "comments" },
    },
  );
  for (const [name, permissions] of Object.entries(VIEW_READERS)) {
    rights.policies.push({ id: name });
    rights.roles.push({ id: name });
    rights.access.push({ policy: name, role: name, user: null });
    for (const [collection, rule, fields] of permissions) {
      const id = rights.permissions.length;
      rights.permissions.push({ id, policy: name, collection, permissions: rule, fields });
    }
  }
  return database;
}

directusContract("The stand-in", () => {
  let now = Date.now();
  const directus = createDirectusStandIn({
    ...options,
    database: createDatabase(),
    now: () => now,
    users: [
      ...options.users.map((user) =>
        user.id === "bob-id" ? { ...user, token: STATIC_TOKEN } : user
      ),
      ...more,
      ...Object.keys(VIEW_READERS).map((name) => ({
        id: `${name}-id`,
        email: `${name}@example.com`,
        password: PASSWORD,
        role: name,
      })),
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
