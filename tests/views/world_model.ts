/**
 * The world of the property tests: what Directus stores, what it shows to each user, and random changes.
 *
 * @module
 */

import { Database, type DatabaseRow } from "../directus/stand_in/database.ts";
import { type SearchQuery, searchRows } from "../directus/stand_in/searches.ts";
import type { Random } from "../support/random.ts";
import { POLICIES, PUBLISHED, roleOf, ROLES, USERS } from "./world_rights.ts";

/** How much later or earlier than now events begin, in milliseconds. */
const DAY_MS = 86_400_000;
/** Largest number of rows in one change. */
const BATCH = 4;
type Collection = "events" | "authors" | "comments";

/** A change, as a Flow reports it. */
export interface Changed {
  readonly collection: string;
  readonly event: "create" | "update" | "delete";
  /** Primary keys; those of rights are positions in the model. */
  readonly keys: string[];
}

/** A change, and what has to be written to make it. */
export interface Edit extends Changed {
  /** The rows of a creation; the changed fields of an update. */
  readonly data?: DatabaseRow[] | Record<string, unknown>;
}

/** How a model differs from the usual one. */
export interface WorldOptions {
  /** Returns the primary key of a user with this name. @default {the name} */
  readonly idOf?: (user: string) => string;
  /** Which part of the changes concerns rights. @default {1 / 6} */
  readonly rightsShare?: number;
}

/** What Directus stores. */
export class WorldModel {
  /** The collections, and the rights of all users. */
  readonly database: Database = new Database();
  readonly #random: Random;
  readonly #idOf: (user: string) => string;
  readonly #rightsShare: number;
  readonly #teams = new Map(USERS.map((user, index) => [user, index % 3]));
  #lastId = 12;

  /** Creates a world that depends on the seed alone. */
  constructor(random: Random, { idOf = (user) => user, rightsShare = 1 / 6 }: WorldOptions = {}) {
    this.#random = random;
    this.#idOf = idOf;
    this.#rightsShare = rightsShare;
    this.#createCollections();
    this.#createRights();
    for (const id of [1, 2, 3]) this.#set("authors", { id, ...this.#values("authors") });
    for (let id = 1; id <= 8; id++) this.#set("events", { id, ...this.#values("events") });
    for (let id = 1; id <= 6; id++) this.#set("comments", { id, ...this.#values("comments") });
  }

  /** Returns the fields of a user's own record that rules refer to. */
  fieldsOf(user: string): Record<string, unknown> {
    return { team: this.#teams.get(user) ?? null };
  }

  /** Returns the rows that Directus shows a user; `undefined` if it refuses. */
  rowsFor(user: string, query: SearchQuery): unknown[] | undefined {
    const person = { user: this.#idOf(user), role: roleOf(user), row: this.fieldsOf(user) };
    return searchRows(this.database, person, "events", query);
  }

  /** Changes something at random. */
  change(): Edit {
    const random = this.#random;
    if (random.next() < this.#rightsShare) return this.#changeRight();
    const kind = random.of(["create", "update", "update", "move", "delete"] as const);
    const collection = random.of(["events", "events", "events", "authors", "comments"] as const);
    if (kind === "move") return this.#update("events", ["owner", "team"]);
    if (kind === "update") return this.#update(collection);
    return kind === "create" ? this.#createRows(collection) : this.#delete(collection);
  }

  #createRows(collection: Collection): Edit {
    const data = Array.from({ length: this.#count() }, () => {
      return { id: ++this.#lastId, ...this.#values(collection) };
    });
    for (const row of data) this.#set(collection, row);
    return { collection, event: "create", keys: data.map(({ id }) => String(id)), data };
  }

  /** Gives some rows the same new values: of the fields given, or of some of all. */
  #update(collection: Collection, only?: readonly string[]): Edit {
    const ids = this.#someIds(collection);
    if (ids.length === 0) return this.#createRows(collection);
    const values = this.#values(collection);
    const one = this.#random.of(Object.keys(values));
    const isChanged = (name: string) =>
      only?.includes(name) ?? (name === one || this.#random.next() < 0.3);
    const data = Object.fromEntries(Object.entries(values).filter(([name]) => isChanged(name)));
    for (const id of ids) {
      const row = this.#rows(collection).get(id);
      if (row !== undefined) this.#set(collection, { ...row, ...data });
    }
    return { collection, event: "update", keys: ids.map(String), data };
  }

  /** Deletes some rows. Rows that refer to them lose the reference, of which no Flow reports. */
  #delete(collection: Collection): Edit {
    const ids = this.#someIds(collection);
    if (ids.length === 0) return this.#createRows(collection);
    for (const id of ids) this.#rows(collection).delete(id);
    for (const { collection: from, field, related_collection } of this.database.relations) {
      if (related_collection !== collection) continue;
      for (const row of this.#rows(from as Collection).values()) {
        if (ids.includes(row[field] as number)) {
          this.#set(from as Collection, { ...row, [field]: null });
        }
      }
    }
    return { collection, event: "delete", keys: ids.map(String) };
  }

  /** Changes a permission, gives a role another policy, or gives a user another team. */
  #changeRight(): Edit {
    const random = this.#random;
    const kind = random.next();
    if (kind < 0.2) return this.#changeTeam();
    return kind < 0.4 ? this.#changeAccess() : this.#changePermission();
  }

  #changeTeam(): Edit {
    const user = this.#random.of(USERS);
    const data = { team: this.#random.below(3) };
    this.#teams.set(user, data.team);
    return { collection: "directus_users", event: "update", keys: [this.#idOf(user)], data };
  }

  #changeAccess(): Edit {
    const { access } = this.database.rights;
    const roles = access.flatMap(({ role }, index) =>
      role === null || role === "administrator" ? [] : [index]
    );
    const index = this.#random.of(roles);
    const data = { policy: this.#random.of(["published", "some", "own", "everything"]) };
    const row = access[index];
    if (row !== undefined) access[index] = { ...row, ...data };
    return { collection: "directus_access", event: "update", keys: [String(index)], data };
  }

  #changePermission(): Edit {
    const random = this.#random;
    const { permissions } = this.database.rights;
    const onEvents = permissions.flatMap(({ collection }, index) =>
      collection === "events" ? [index] : []
    );
    const index = random.of(onEvents);
    const data = {
      permissions: random.of([
        {},
        PUBLISHED,
        { owner: { _eq: "$CURRENT_USER" } },
        { team: { _eq: "$CURRENT_USER.team" } },
      ]),
      fields: random.of([["*"], ["id", "title"], ["id", "title", "status", "budget"]]),
    };
    const row = permissions[index];
    if (row !== undefined) permissions[index] = { ...row, ...data };
    return { collection: "directus_permissions", event: "update", keys: [String(index)], data };
  }

  #createCollections(): void {
    const { database } = this;
    const own = ["title", "status", "owner", "team", "budget", "starts_at", "author"];
    database.create("events", ["id", ...own, "comments"]);
    database.create("authors", ["id", "name", "secret"]);
    database.create("comments", ["id", "event", "text", "visible"]);
    const relate = (collection: string, field: string, to: string, list: string | null) =>
      database.relations.push({
        collection,
        field,
        related_collection: to,
        meta: { one_field: list },
      });
    relate("events", "author", "authors", null);
    relate("comments", "event", "events", "comments");
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
  }

  #rows(collection: Collection): Map<number, DatabaseRow> {
    return this.database.tables.get(collection)?.rows ?? new Map();
  }

  #set(collection: Collection, row: DatabaseRow): void {
    this.#rows(collection).set(row.id, row);
  }

  /** One most of the time. */
  #count(): number {
    return this.#random.next() < 0.7 ? 1 : 1 + this.#random.below(BATCH);
  }

  #someIds(collection: Collection): number[] {
    const ids = [...this.#rows(collection).keys()];
    const chosen = new Set<number>();
    for (let count = this.#count(); count > 0 && ids.length > 0; count--) {
      chosen.add(this.#random.of(ids));
    }
    return [...chosen];
  }

  /** Returns random values of all fields but the key. */
  #values(collection: Collection): Record<string, unknown> {
    const random = this.#random;
    const someId = (collection: Collection) => random.of([...this.#rows(collection).keys(), null]);
    if (collection === "authors") return { name: random.of(["Ann", "Bob", "Cid"]), secret: "x" };
    if (collection === "comments") {
      return {
        event: someId("events"),
        text: random.of(["good", "bad"]),
        visible: random.next() < 0.5,
      };
    }
    return {
      title: random.of(["Alba", "Bar", "Cab", "Dud", "Eve"]),
      status: random.of(["published", "published", "draft"]),
      owner: this.#idOf(random.of(USERS)),
      team: random.below(3),
      budget: random.below(100),
      starts_at: new Date(Date.now() + (random.next() - 0.5) * DAY_MS).toISOString(),
      author: someId("authors"),
    };
  }
}
