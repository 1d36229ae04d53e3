/**
 * The world of the property in a real Directus: a model, and what was created and is changed with it.
 *
 * @module
 */

import { PASSWORD } from "../../directus/contract_setup.ts";
import type { Random } from "../../support/random.ts";
import { type Edit, WorldModel } from "../../views/world_model.ts";
import { roleOf, ROLES, USERS } from "../../views/world_rights.ts";
import type { RealDirectus } from "../real_directus.ts";
import { RULES_TOKEN } from "../view_world_setup.ts";

/** Which part of the changes concerns rights: after each of these the run has to wait. */
const RIGHTS_SHARE = 0.03;

const integer = (field: string) => ({ field, type: "integer", meta: {}, schema: {} });
const text = (field: string) => ({ field, type: "string", meta: {}, schema: {} });
const key = {
  ...integer("id"),
  schema: { is_primary_key: true, has_auto_increment: true },
};

const FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  authors: [key, text("name"), text("secret")],
  events: [
    key,
    ...["title", "status", "owner"].map(text),
    ...["team", "budget", "author"].map(integer),
    { field: "starts_at", type: "timestamp", meta: {}, schema: {} },
    { field: "comments", type: "alias", meta: { special: ["o2m"] } },
  ],
  comments: [
    key,
    integer("event"),
    text("text"),
    { field: "visible", type: "boolean", meta: {}, schema: {} },
  ],
};

/** Returns the primary key of a user, which is the same in each run. */
function idOf(user: string): string {
  return `00000000-0000-4000-8000-${String(USERS.indexOf(user) + 1).padStart(12, "0")}`;
}

/** A real Directus, and what it should show. */
export class RealWorld {
  /** What Directus should store. */
  readonly model: WorldModel;
  readonly #directus: RealDirectus;
  readonly #policies = new Map<string, string>();
  /** Primary keys by position in the model. */
  readonly #permissions: number[] = [];
  readonly #access: string[] = [];

  private constructor(directus: RealDirectus, random: Random) {
    this.#directus = directus;
    this.model = new WorldModel(random, { idOf, rightsShare: RIGHTS_SHARE });
  }

  /** Creates everything. */
  static async create(directus: RealDirectus, random: Random): Promise<RealWorld> {
    const world = new RealWorld(directus, random);
    await world.#createCollections();
    await world.#createRights();
    return world;
  }

  /** Writes what the model has changed. */
  async write({ collection, event, keys, data }: Edit): Promise<void> {
    const { admin } = { admin: this.#directus.admin.bind(this.#directus) };
    const [id = ""] = keys;
    if (collection === "directus_users") return await admin("PATCH", `/users/${id}`, data);
    if (collection === "directus_permissions") {
      return await admin("PATCH", `/permissions/${this.#permissions[Number(id)]}`, data);
    }
    if (collection === "directus_access") {
      const { policy } = data as { policy: string };
      const row = { policy: this.#policies.get(policy) };
      return await admin("PATCH", `/access/${this.#access[Number(id)]}`, row);
    }
    const path = `/items/${collection}`;
    if (event === "create") await admin("POST", path, data);
    else if (event === "delete") await admin("DELETE", path, keys.map(Number));
    else await admin("PATCH", path, { keys: keys.map(Number), data });
  }

  async #createCollections(): Promise<void> {
    const directus = this.#directus;
    for (const [collection, fields] of Object.entries(FIELDS)) {
      await directus.admin("POST", "/collections", { collection, meta: {}, schema: {}, fields });
    }
    await directus.admin("POST", "/fields/directus_users", integer("team"));
    const { database } = this.model;
    for (const { collection, field, related_collection, meta } of database.relations) {
      const schema = { on_delete: "SET NULL" };
      const relation = { collection, field, related_collection, meta, schema };
      await directus.admin("POST", "/relations", relation);
    }
    for (const collection of Object.keys(FIELDS)) {
      const rows = [...database.tables.get(collection)?.rows.values() ?? []];
      await directus.admin("POST", `/items/${collection}`, rows);
    }
  }

  async #createRights(): Promise<void> {
    const directus = this.#directus;
    const { rights } = this.model.database;
    for (const { id, admin_access = false } of rights.policies) {
      const policy = await directus.admin("POST", "/policies", { name: id, admin_access });
      this.#policies.set(id, policy.id);
    }
    const permit = async (
      policy: string,
      collection: string,
      permissions: unknown,
      fields: unknown,
    ) =>
      (await directus.admin("POST", "/permissions", {
        policy: this.#policies.get(policy),
        collection,
        action: "read",
        permissions,
        fields,
      })).id;
    for (const { policy, collection, permissions, fields } of rights.permissions) {
      this.#permissions.push(await permit(policy, collection, permissions, fields));
    }
    const roles = new Map<string, string>();
    for (const name of Object.keys(ROLES)) {
      roles.set(name, (await directus.admin("POST", "/roles", { name })).id);
    }
    for (const { role, policy } of rights.access) {
      const row = { role: roles.get(role ?? ""), policy: this.#policies.get(policy) };
      this.#access.push((await directus.admin("POST", "/access", row)).id);
    }
    const users = USERS.map((name) => ({
      id: idOf(name),
      email: `${name}@example.com`,
      password: PASSWORD,
      role: roles.get(roleOf(name)),
      ...this.model.fieldsOf(name),
    }));
    await directus.admin("POST", "/users", users);
    const email = "rules@example.com";
    const { id: user } = await directus.admin("POST", "/users", { email, token: RULES_TOKEN });
    await directus.admin("POST", "/access", { user, policy: this.#policies.get("access") });
  }
}
