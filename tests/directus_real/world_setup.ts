/**
 * The collections, roles and permissions of the tests, like those of the stand-in.
 *
 * @module
 */

import { PASSWORD, post } from "../directus/contract_setup.ts";
import { UUID } from "../support/directus.ts";
import type { RealDirectus } from "./real_directus.ts";

/** What a policy allows to read: an item filter by collection. */
export type Rights = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Primary keys of what was created. */
export interface World {
  /** Role of Ada and of shares. */
  readonly editor: string;
  /** Policy that the role has. */
  readonly policy: string;
  /** The role's permission for `events`. */
  readonly eventsPermission: number;
}

const integerKey = {
  field: "id",
  type: "integer",
  meta: {},
  schema: { is_primary_key: true, has_auto_increment: true },
};
const uuidKey = {
  field: "id",
  type: "uuid",
  meta: { special: ["uuid"] },
  schema: { is_primary_key: true, length: 36 },
};
const text = (field: string) => ({ field, type: "string", meta: {}, schema: {} });

/** Creates everything. */
export async function createWorld(
  directus: RealDirectus,
  eventsRule: Readonly<Record<string, unknown>> = { title: { _neq: "Hidden" } },
): Promise<World> {
  await createCollection(directus, "events", integerKey, [
    { title: "One" },
    { title: "Two" },
    { title: "Hidden" },
  ]);
  await createCollection(directus, "news", integerKey, [{ title: "All may read this" }]);
  await createCollection(directus, "docs", uuidKey, [{ id: UUID, title: "A document" }]);
  await createCollection(
    directus,
    "many",
    integerKey,
    Array.from({ length: 150 }, (_, index) => ({ title: `${index}` })),
  );
  const editor = await directus.admin("POST", "/roles", { name: "Editor" });
  const { policy, permissions } = await createPolicy(directus, "Editors", {
    events: eventsRule,
    docs: {},
    many: {},
  }, { app_access: true });
  await directus.admin("POST", "/access", { role: editor.id, policy });
  const [open] = await directus.admin("GET", "/policies?filter[name][_contains]=public");
  await directus.admin("POST", "/permissions", readPermission(open.id, "news", {}));
  return { editor: editor.id, policy, eventsPermission: permissions[0] ?? 0 };
}

/** Creates a user; resolves to its primary key. */
export async function createUser(
  directus: RealDirectus,
  name: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const email = `${name}@example.com`;
  const user = { email, password: PASSWORD, status: "active", ...more };
  return (await directus.admin("POST", "/users", user)).id;
}

/** Creates a policy; resolves to its primary key and those of its permissions. */
export async function createPolicy(
  directus: RealDirectus,
  name: string,
  rights: Rights,
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ policy: string; permissions: number[] }> {
  const { id: policy } = await directus.admin("POST", "/policies", { name, ...more });
  const permissions: number[] = [];
  for (const [collection, filter] of Object.entries(rights)) {
    const permission = readPermission(policy, collection, filter);
    permissions.push((await directus.admin("POST", "/permissions", permission)).id);
  }
  return { policy, permissions };
}

function readPermission(policy: string, collection: string, permissions: unknown): unknown {
  return { policy, collection, action: "read", fields: ["*"], permissions };
}

async function createCollection(
  directus: RealDirectus,
  collection: string,
  key: unknown,
  items: readonly unknown[],
): Promise<void> {
  await directus.admin("POST", "/collections", {
    collection,
    meta: {},
    schema: {},
    fields: [key, text("title"), text("status")],
  });
  await directus.admin("POST", `/items/${collection}`, items);
}

/** Opens the session of a share of item 1 of `events`; resolves to the `Cookie` header. */
export async function shareOf(directus: RealDirectus, { editor }: World): Promise<string> {
  const item = { collection: "events", item: "1", role: editor };
  const { id } = await directus.admin("POST", "/shares", item);
  const response = await post(directus, "/shares/auth", { share: id, mode: "session" });
  await response.body?.cancel();
  return response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "";
}
