/**
 * Collections, roles and users for the tests of views: who may read which tasks differs in rows and
 * in fields.
 *
 * @module
 */

import { PASSWORD } from "../directus/contract_setup.ts";
import type { RealDirectus } from "./real_directus.ts";
import { createUser } from "./world_setup.ts";

/** Static token of the service user: DIRECTUS_TOKEN. */
export const RULES_TOKEN = "the-token-that-reads-the-rules";

/** One permission to read tasks. */
export interface Rule {
  /** Filter of the rows. */
  readonly permissions: Readonly<Record<string, unknown>>;
  /** The fields that it grants. */
  readonly fields: readonly string[];
}

/** The states of a task. */
export const STATES = ["open", "done", "draft"] as const;

/** What each role may read of tasks. All of them but `nothing` may read teams. */
export const ROLES: Readonly<Record<string, readonly Rule[]>> = {
  everything: [{ permissions: {}, fields: ["*"] }],
  some: [{ permissions: {}, fields: ["id", "title", "status", "team"] }],
  open: [{ permissions: { status: { _eq: "open" } }, fields: ["*"] }],
  own: [{ permissions: { owner: { _eq: "$CURRENT_USER" } }, fields: ["*"] }],
  mixed: [
    { permissions: { status: { _eq: "open" } }, fields: ["id", "title", "status", "team"] },
    { permissions: { status: { _eq: "draft" } }, fields: ["id", "secret", "points"] },
  ],
  nothing: [],
};

/** A user of the tests. */
export interface ViewUser {
  /** The name in front of the address. */
  readonly name: string;
  /** Primary key. */
  readonly id: string;
  /** Name of the role. */
  readonly role: string;
}

/** What was created. */
export interface ViewWorld {
  /** All users. */
  readonly users: readonly ViewUser[];
  /** Primary keys of the permissions to read tasks, by role. */
  readonly permissions: Readonly<Record<string, readonly number[]>>;
  /** Primary keys of the policies, by role. */
  readonly policies: Readonly<Record<string, string>>;
}

/** Creates everything, with users in turn of each role. */
export async function createViewWorld(directus: RealDirectus, count: number): Promise<ViewWorld> {
  await createCollections(directus);
  const roleIds: Record<string, string> = {};
  const permissions: Record<string, number[]> = {};
  const policies: Record<string, string> = {};
  for (const [name, rules] of Object.entries(ROLES)) {
    roleIds[name] = (await directus.admin("POST", "/roles", { name })).id;
    const { id: policy } = await directus.admin("POST", "/policies", { name });
    policies[name] = policy;
    await directus.admin("POST", "/access", { role: roleIds[name], policy });
    const read = (collection: string, rule: Rule) =>
      directus.admin("POST", "/permissions", { policy, collection, action: "read", ...rule });
    permissions[name] = [];
    for (const rule of rules) permissions[name].push((await read("tasks", rule)).id);
    if (rules.length > 0) await read("teams", { permissions: {}, fields: ["*"] });
  }
  const names = Object.keys(ROLES);
  const users: ViewUser[] = [];
  for (let index = 0; index < count; index++) {
    const [name, role = ""] = [`viewer-${index}`, names[index % names.length]];
    users.push({ name, id: crypto.randomUUID(), role });
  }
  const rows = users.map(({ id, name, role }) => {
    return { id, email: `${name}@example.com`, password: PASSWORD, role: roleIds[role] };
  });
  await directus.admin("POST", "/users", rows);
  await createService(directus);
  return { users, permissions, policies };
}

/** Creates the user of DIRECTUS_TOKEN, who reads rights and no items. */
async function createService(directus: RealDirectus): Promise<void> {
  const { id: policy } = await directus.admin("POST", "/policies", { name: "Rules" });
  for (const name of ["permissions", "policies", "access", "roles", "relations", "users"]) {
    const fields = name === "users" ? ["id", "role", "policies"] : ["*"];
    const collection = `directus_${name}`;
    const rule = { policy, collection, action: "read", permissions: {}, fields };
    await directus.admin("POST", "/permissions", rule);
  }
  const user = await createUser(directus, "rules", { token: RULES_TOKEN });
  await directus.admin("POST", "/access", { user, policy });
}

async function createCollections(directus: RealDirectus): Promise<void> {
  const key = {
    field: "id",
    type: "integer",
    meta: {},
    schema: { is_primary_key: true, has_auto_increment: true },
  };
  const field = (field: string, type = "string") => ({ field, type, meta: {}, schema: {} });
  const list = { field: "tasks", type: "alias", meta: { special: ["o2m"] } };
  const create = (collection: string, fields: unknown[]) =>
    directus.admin("POST", "/collections", { collection, meta: {}, schema: {}, fields });
  await create("teams", [key, field("name"), list]);
  await create("tasks", [
    key,
    ...["title", "status", "secret", "owner"].map((name) => field(name)),
    ...["points", "team"].map((name) => field(name, "integer")),
    field("due", "timestamp"),
  ]);
  await directus.admin("POST", "/relations", {
    collection: "tasks",
    field: "team",
    related_collection: "teams",
    meta: { one_field: "tasks" },
    schema: { on_delete: "SET NULL" },
  });
  await directus.admin("POST", "/items/teams", ["ants", "bees", "wasps"].map((name) => ({ name })));
}
