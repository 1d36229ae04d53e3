/**
 * The roles of the property tests, their rights and users, and the queries that the users look at.
 *
 * @module
 */

const ACCESS_TABLES = ["permissions", "policies", "access", "roles", "relations"]
  .map((name) => `directus_${name}`);

/** A permission to read: collection, rule, fields. */
export type Permission = readonly [
  collection: string,
  rule: Record<string, unknown>,
  fields: string[],
];

/** The rule of the policy `published`. */
export const PUBLISHED = { status: { _eq: "published" } };

/** Permissions by policy. */
export const POLICIES: Readonly<Record<string, readonly Permission[]>> = {
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
  access: [
    ...ACCESS_TABLES.map((collection): Permission => [collection, {}, ["*"]]),
    ["directus_users", {}, ["id", "role", "policies", "team"]],
  ],
};

/**
 * Policies by role. Most have one; `mixed` sees some fields on some rows only, `both` sees rows of either
 * policy, and `nothing` sees nothing.
 */
export const ROLES: Readonly<Record<string, readonly string[]>> = {
  all: ["everything"],
  some: ["some"],
  published: ["published"],
  own: ["own"],
  team: ["team"],
  mixed: ["published", "drafts"],
  both: ["published", "own"],
  commented: ["commented"],
  nothing: [],
  administrator: ["administrator"],
};

/** Names of the users: two of each role. */
export const USERS: readonly string[] = Object.keys(ROLES).flatMap((role) => [
  `${role}-1`,
  `${role}-2`,
]);

/** Returns the role of a user. */
export function roleOf(user: string): string {
  return user.slice(0, -2);
}

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
