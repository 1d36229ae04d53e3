/**
 * The world of the property: a Directus with roles of each kind, their users, and queries of each kind.
 *
 * @module
 */

import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import { Database, type DatabaseRow } from "../directus/stand_in/database.ts";
import { type SearchQuery, searchRows } from "../directus/stand_in/searches.ts";
import { BASE } from "../support/directus.ts";
import type { Random } from "../support/random.ts";

/** Token of the user who may read who has which rights. */
export const TOKEN = "the-token-of-the-access-reader";

/** How much later or earlier than now events begin, in milliseconds. */
const DAY_MS = 86_400_000;

const ACCESS_TABLES = ["permissions", "policies", "access", "roles", "relations"]
  .map((name) => `directus_${name}`);

type Permission = readonly [collection: string, rule: Record<string, unknown>, fields: string[]];

const PUBLISHED = { status: { _eq: "published" } };

/** Permissions by policy. */
const POLICIES: Readonly<Record<string, readonly Permission[]>> = {
  everything: [
    ["events", {}, ["*"]],
    ["authors", {}, ["*"]],
    ["comments", {}, ["*"]],
  ],
  some: [
    ["events", {}, ["id", "title", "status", "starts_at", "author"]],
    ["authors", {}, ["id", "name"]],
  ],
  published: [
    ["events", PUBLISHED, ["*"]],
    ["authors", {}, ["id", "name"]],
    ["comments", { visible: { _eq: true } }, ["*"]],
  ],
  own: [["events", { owner: { _eq: "$CURRENT_USER" } }, ["*"]], ["authors", {}, ["*"]]],
  team: [["events", { team: { _eq: "$CURRENT_USER.team" } }, ["*"]], ["authors", {}, ["*"]]],
  drafts: [
    ["events", { status: { _eq: "draft" } }, ["id", "title", "budget"]],
    ["comments", {}, ["id", "event"]],
  ],
  commented: [
    ["events", { comments: { _some: { visible: { _eq: true } } } }, ["id", "title", "comments"]],
    ["comments", { visible: { _eq: true } }, ["id", "text"]],
  ],
  access: ACCESS_TABLES.map((collection) => [collection, {}, ["*"]] as const),
};

/** Policies by role. Most have one; `mixed` sees fields on some rows only; `nothing` sees nothing. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  all: ["everything"],
  some: ["some"],
  published: ["published"],
  own: ["own"],
  team: ["team"],
  mixed: ["published", "drafts"],
  commented: ["commented"],
  nothing: [],
  administrator: ["administrator"],
};

/** The users: two of each role. */
export const USERS: readonly string[] = Object.keys(ROLES).flatMap((role) => [
  `${role}-1`,
  `${role}-2`,
]);

/** Queries on `events`, of each kind. */
export const QUERIES: readonly Record<string, unknown>[] = [
  {},
  { fields: ["id", "title"] },
  { fields: ["id", "title", "author.name"], sort: ["author.name", "-id"] },
  { fields: ["id", "comments.text"] },
  { fields: ["id", "budget"], filter: { budget: { _gte: 50 } } },
  { fields: ["id", "title"], sort: ["-starts_at", "id"], limit: 3 },
  { fields: ["id", "starts_at"], filter: { starts_at: { _gt: "$NOW" } } },
  { fields: ["id", "title"], search: "a" },
  {
    fields: ["id", "status"],
    filter: { _or: [{ status: { _eq: "draft" } }, { title: { _contains: "b" } }] },
    sort: ["title", "id"],
  },
  { fields: ["id", "title"], filter: { author: { name: { _eq: "Ann" } } } },
  { fields: ["id"], filter: { owner: { _eq: "$CURRENT_USER" } } },
  { fields: ["id", "title"], filter: { id: { _in: [1, 2, 3] } }, sort: ["title", "id"] },
  { fields: ["id"], filter: { comments: { _none: { visible: { _eq: true } } } } },
];

/** A change, as a Flow reports it. */
export interface Changed {
  readonly collection: string;
  readonly event: "create" | "update" | "delete";
  readonly keys: string[];
}

/** A stand-in for Directus, and random changes of what it stores. */
export class World {
  readonly database = new Database();
  readonly directus: DirectusStandIn;
  readonly #random: Random;
  #lastId = 12;

  constructor(random: Random) {
    this.#random = random;
    const { database } = this;
    database.create("events", [
      "id",
      "title",
      "status",
      "owner",
      "team",
      "budget",
      "starts_at",
      "author",
      "comments",
    ]);
    database.create("authors", ["id", "name", "secret"]);
    database.create("comments", ["id", "event", "text", "visible"]);
    const many = { one_field: null };
    database.relations.push(
      { collection: "events", field: "author", related_collection: "authors", meta: many },
      {
        collection: "comments",
        field: "event",
        related_collection: "events",
        meta: { one_field: "comments" },
      },
    );
    this.#createRights();
    for (const id of [1, 2, 3]) this.#set("authors", { id, ...this.#author() });
    for (let id = 1; id <= 8; id++) this.#set("events", { id, ...this.#event() });
    for (let id = 1; id <= 6; id++) this.#set("comments", { id, ...this.#comment() });
    this.directus = createDirectusStandIn({
      database,
      users: [
        ...USERS.map((id) => ({
          id,
          email: `${id}@example.com`,
          password: "demo",
          role: id.slice(0, -2),
          fields: this.#fieldsOf(id),
        })),
        { id: "reader", email: "reader@example.com", password: "demo", token: TOKEN },
      ],
      now: () => Date.now(),
    });
  }

  /** Returns the rows that Directus shows a user; `undefined` if it refuses. */
  rowsFor(user: string, query: SearchQuery): unknown[] | undefined {
    const person = { user, role: user.slice(0, -2), row: this.#fieldsOf(user) };
    return searchRows(this.database, person, "events", query);
  }

  /** Asks Directus with a session; resolves to `undefined` if it refuses. */
  async search(cookie: string, query: SearchQuery): Promise<unknown[] | undefined> {
    const response = await this.directus.fetch(`${BASE}/items/events`, {
      method: "SEARCH",
      headers: { cookie, "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    return (await response.json()).data;
  }

  /** Changes something at random; returns what a Flow would report. */
  change(): Changed {
    const random = this.#random;
    const kind = random.of(["create", "update", "update", "update", "delete", "right"] as const);
    if (kind === "right") return this.#changeRight();
    const collection = random.of(["events", "events", "events", "authors", "comments"] as const);
    const values = { events: () => this.#event(), authors: () => this.#author() };
    const make = collection === "comments" ? () => this.#comment() : values[collection];
    const ids = [...this.database.tables.get(collection)?.rows.keys() ?? []];
    if (kind === "create" || ids.length === 0) {
      const id = ++this.#lastId;
      this.#set(collection, { id, ...make() });
      return { collection, event: "create", keys: [String(id)] };
    }
    const id = random.of(ids);
    const table = this.database.tables.get(collection);
    if (kind === "delete") table?.rows.delete(id);
    else {
      const fields = Object.entries(make()).filter(() => random.next() < 0.4);
      const row = table?.rows.get(id);
      if (row) this.#set(collection, { ...row, ...Object.fromEntries(fields) });
    }
    return { collection, event: kind, keys: [String(id)] };
  }

  /** Adds, removes or changes a permission, or gives a role another policy. */
  #changeRight(): Changed {
    const random = this.#random;
    const { rights } = this.database;
    const { permissions, access } = rights;
    if (random.next() < 0.3) {
      const index = random.below(access.length);
      const row = access[index];
      if (row?.role && row.role !== "administrator") {
        access[index] = { ...row, policy: random.of(["published", "some", "own", "everything"]) };
      }
      return { collection: "directus_access", event: "update", keys: [String(index)] };
    }
    const index = permissions.findIndex(({ collection, policy }) =>
      policy !== "access" && collection === "events" && random.next() < 0.3
    );
    const permission = permissions[index];
    if (permission) {
      permissions[index] = {
        ...permission,
        permissions: random.of([{}, PUBLISHED, { owner: { _eq: "$CURRENT_USER" } }]),
        fields: random.of([["*"], ["id", "title"], ["id", "title", "status", "budget"]]),
      };
    }
    return { collection: "directus_permissions", event: "update", keys: [String(index)] };
  }

  #fieldsOf(user: string): Record<string, unknown> {
    return { team: USERS.indexOf(user) % 3 };
  }

  #createRights(): void {
    const { rights } = this.database;
    let id = 0;
    for (const [policy, rows] of Object.entries(POLICIES)) {
      rights.policies.push({ id: policy });
      for (const [collection, permissions, fields] of rows) {
        rights.permissions.push({ id: ++id, policy, collection, permissions, fields });
      }
    }
    rights.policies.push({ id: "administrator", admin_access: true });
    for (const [role, policies] of Object.entries(ROLES)) {
      rights.roles.push({ id: role, parent: null });
      for (const policy of policies) rights.access.push({ policy, role, user: null });
    }
    rights.access.push({ policy: "access", role: null, user: "reader" });
  }

  #set(collection: string, row: DatabaseRow): void {
    this.database.tables.get(collection)?.rows.set(row.id, row);
  }

  #event(): Record<string, unknown> {
    const random = this.#random;
    return {
      title: random.of(["Alba", "Bar", "Cab", "Dud", "Eve"]),
      status: random.of(["published", "published", "draft"]),
      owner: random.of(USERS),
      team: random.below(3),
      budget: random.below(100),
      starts_at: new Date(Date.now() + (random.next() - 0.5) * DAY_MS).toISOString(),
      author: random.of([1, 2, 3, null]),
    };
  }

  #author(): Record<string, unknown> {
    return { name: this.#random.of(["Ann", "Bob", "Cid"]), secret: "x" };
  }

  #comment(): Record<string, unknown> {
    const random = this.#random;
    return {
      event: 1 + random.below(8),
      text: random.of(["good", "bad"]),
      visible: random.next() < 0.5,
    };
  }
}
