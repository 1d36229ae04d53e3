/**
 * What the contract's rows about views read, in a real Directus.
 *
 * @module
 */

import { VIEW_ITEMS, VIEW_READERS } from "../directus/views_contract.ts";
import type { RealDirectus } from "./real_directus.ts";
import { createUser } from "./world_setup.ts";

const field = (field: string, type: string) => ({ field, type, meta: {}, schema: {} });
const key = {
  ...field("id", "integer"),
  schema: { is_primary_key: true, has_auto_increment: true },
};

const FIELDS: Readonly<Record<keyof typeof VIEW_ITEMS, readonly unknown[]>> = {
  authors: [key, field("name", "string"), field("secret", "string")],
  posts: [
    key,
    field("title", "string"),
    field("status", "string"),
    field("budget", "integer"),
    field("author", "integer"),
    { field: "comments", type: "alias", meta: { special: ["o2m"] } },
  ],
  comments: [key, field("post", "integer"), field("text", "string"), field("visible", "boolean")],
};

/** Creates collections, roles and users. */
export async function createReaders(directus: RealDirectus): Promise<void> {
  for (const [collection, fields] of Object.entries(FIELDS)) {
    await directus.admin("POST", "/collections", { collection, meta: {}, schema: {}, fields });
  }
  const relate = (collection: string, field: string, related: string, list: string | null) =>
    directus.admin("POST", "/relations", {
      collection,
      field,
      related_collection: related,
      meta: { one_field: list },
      schema: { on_delete: "SET NULL" },
    });
  await relate("posts", "author", "authors", null);
  await relate("comments", "post", "posts", "comments");
  for (const [collection, items] of Object.entries(VIEW_ITEMS)) {
    await directus.admin("POST", `/items/${collection}`, items);
  }
  for (const [name, permissions] of Object.entries(VIEW_READERS)) {
    const { id: role } = await directus.admin("POST", "/roles", { name });
    const { id: policy } = await directus.admin("POST", "/policies", { name });
    await directus.admin("POST", "/access", { role, policy });
    for (const [collection, rule, fields] of permissions) {
      const permission = { policy, collection, action: "read", permissions: rule, fields };
      await directus.admin("POST", "/permissions", permission);
    }
    await createUser(directus, name, { role });
  }
}
