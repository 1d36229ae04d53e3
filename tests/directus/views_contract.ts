/**
 * The contract's rows about what a view relies on: searching with fields, filters and sorts within the
 * rights of a user, and what Directus says of these rights.
 *
 * @module
 */

import { logIn, type Row, type Subject } from "./contract_setup.ts";

/** Collections and their rows. `comments` of posts lists rows of the collection `comments`. */
export const VIEW_ITEMS = {
  authors: [{ id: 1, name: "Ann", secret: "s1" }, { id: 2, name: "Bob", secret: "s2" }],
  posts: [
    { id: 1, title: "Alpha", status: "published", budget: 10, author: 2 },
    { id: 2, title: "beta", status: "draft", budget: 20, author: 1 },
    { id: 3, title: "Gamma", status: "published", budget: null, author: null },
  ],
  comments: [
    { id: 1, post: 1, text: "good", visible: true },
    { id: 2, post: 1, text: "bad", visible: false },
    { id: 3, post: 2, text: "alphabet", visible: true },
  ],
} as const;

/** A permission to read: collection, rule, fields. */
type Permission = readonly [
  collection: keyof typeof VIEW_ITEMS,
  rule: Readonly<Record<string, unknown>>,
  fields: readonly string[],
];

const PUBLISHED = { status: { _eq: "published" } };

/** The users, each with a role of their own, and what the role may read. */
export const VIEW_READERS: Readonly<Record<string, readonly Permission[]>> = {
  full: [["posts", {}, ["*"]], ["authors", {}, ["*"]], ["comments", {}, ["*"]]],
  some: [["posts", {}, ["title", "id", "author"]], ["authors", {}, ["id", "name"]]],
  ruled: [
    ["posts", PUBLISHED, ["*"]],
    ["comments", { visible: { _eq: true } }, ["*"]],
    ["authors", { name: { _eq: "Ann" } }, ["*"]],
  ],
  mixed: [
    ["posts", PUBLISHED, ["id", "title", "status"]],
    ["posts", { status: { _eq: "draft" } }, ["id", "budget"]],
  ],
  nested: [
    ["posts", { comments: { _some: { visible: { _eq: true } } } }, ["id", "comments"]],
    ["comments", { text: { _eq: "good" } }, ["*"]],
  ],
  none: [],
};

type Reader = keyof typeof VIEW_READERS;
type Query = Readonly<Record<string, unknown>>;

/** Logs a reader in. */
const reader = (name: Reader) => (subject: Subject): Promise<string> => logIn(subject, name);

function searching(
  name: Reader,
  query: Query,
  answer: string,
  data?: unknown,
  collection = "posts",
): Row {
  return {
    name: `the query ${JSON.stringify(query)} of a reader with the rights ${name}`,
    cookie: reader(name),
    path: `/items/${collection}`,
    method: "SEARCH",
    body: { query },
    answer,
    data,
  };
}

/** Rows that show ids alone. */
function ids(name: Reader, query: Query, ...ids: number[]): Row {
  return searching(name, { fields: ["id"], ...query }, "200", ids.map((id) => ({ id })));
}

const FORBIDDEN = "403 FORBIDDEN";
const INVALID = "400 INVALID_QUERY";

/** Rows about `SEARCH /items` and `/permissions/me`. */
export const viewRows: readonly Row[] = [
  searching("full", { fields: ["*"], limit: 1 }, "200", [{
    ...VIEW_ITEMS.posts[0],
    comments: [1, 2],
  }]),
  searching("full", { fields: ["id", "author.name"] }, "200", [
    { id: 1, author: { name: "Bob" } },
    { id: 2, author: { name: "Ann" } },
    { id: 3, author: null },
  ]),
  searching("full", { fields: ["id", "comments.text"], limit: 2 }, "200", [
    { id: 1, comments: [{ text: "good" }, { text: "bad" }] },
    { id: 2, comments: [{ text: "alphabet" }] },
  ]),
  searching("full", { fields: ["title", "key"], alias: { key: "id" }, limit: 1 }, "200", [
    { title: "Alpha", key: 1 },
  ]),
  ids("full", { sort: ["-id"] }, 3, 2, 1),
  ids("full", { sort: ["status", "-id"] }, 2, 3, 1),
  ids("full", { sort: ["author.name", "id"] }, 3, 2, 1),
  ids("full", { sort: ["budget", "id"] }, 3, 1, 2),
  ids("full", { sort: ["-id"], limit: 2 }, 3, 2),
  ids("full", { filter: { budget: { _gt: 10 } } }, 2),
  ids("full", { filter: { budget: { _gte: 10 } } }, 1, 2),
  ids("full", { filter: { budget: { _lt: 20 } } }, 1),
  ids("full", { filter: { budget: { _lte: 20 } } }, 1, 2),
  ids("full", { filter: { budget: { _null: true } } }, 3),
  ids("full", { filter: { budget: { _nnull: true } } }, 1, 2),
  ids("full", { filter: { id: { _in: [1, "3", 9] } } }, 1, 3),
  ids("full", { filter: { id: { _nin: [1] } } }, 2, 3),
  ids("full", { filter: { status: { _neq: "draft" } } }, 1, 3),
  ids("full", { filter: { title: { _contains: "mm" } } }, 3),
  ids("full", { filter: { _or: [{ id: { _eq: 1 } }, { id: { _eq: 3 } }] } }, 1, 3),
  ids("full", { filter: { _and: [PUBLISHED, { id: { _gt: 1 } }] } }, 3),
  ids("full", { filter: { author: { name: { _eq: "Ann" } } } }, 2),
  ids("full", { filter: { author: { _eq: 1 } } }, 2),
  ids("full", { filter: { comments: { _some: { visible: { _eq: false } } } } }, 1),
  ids("full", { filter: { comments: { _none: { visible: { _eq: true } } } } }, 3),
  ids("full", { filter: { title: { _eq: "$CURRENT_USER" } } }),
  ids("full", { filter: {} }, 1, 2, 3),
  ids("full", { search: "ALPHA" }, 1),
  searching("some", { fields: ["*"], limit: 1 }, "200", [{ id: 1, title: "Alpha", author: 2 }]),
  searching("some", { fields: ["id", "comments"], limit: 1 }, "200", [{ id: 1 }]),
  searching("some", { fields: ["comments"], limit: 1 }, "200", [1]),
  searching("some", { fields: ["id", "comments.text"], limit: 1 }, "200", [{ id: 1 }]),
  ids("some", { search: "published" }),
  ids("ruled", {}, 1, 3),
  ids("ruled", { filter: { status: { _eq: "draft" } } }),
  searching("ruled", { fields: ["id", "author.name", "comments.text"] }, "200", [
    { id: 1, author: null, comments: [{ text: "good" }] },
    { id: 3, author: null, comments: [] },
  ]),
  ids("ruled", { filter: { comments: { _some: { text: { _eq: "bad" } } } } }),
  ids("ruled", { filter: { author: { name: { _eq: "Bob" } } } }, 1),
  searching("mixed", { fields: ["*"] }, "200", [
    { id: 1, title: "Alpha", status: "published", budget: null },
    { id: 2, title: null, status: null, budget: 20 },
    { id: 3, title: "Gamma", status: "published", budget: null },
  ]),
  searching("mixed", { fields: ["title"] }, "200", [{ title: "Alpha" }, { title: "Gamma" }]),
  searching("mixed", { fields: ["budget"] }, "200", [{ budget: 20 }]),
  searching("nested", { fields: ["id", "comments.id"] }, "200", [
    { id: 1, comments: [{ id: 1 }] },
  ]),
  ...["posts", "absent", "authors"].map((collection) =>
    searching("none", { fields: ["id"] }, FORBIDDEN, undefined, collection)
  ),
  searching("mixed", {}, FORBIDDEN, undefined, "authors"),
  ...[
    { fields: ["status"] },
    { fields: ["author.secret"] },
    { fields: ["absent"] },
    { filter: { status: { _eq: "draft" } } },
    { filter: { _and: [{ _or: [{ status: { _eq: "draft" } }] }] } },
    { filter: { author: { secret: { _eq: "s1" } } } },
    { filter: { comments: { _some: { text: { _eq: "good" } } } } },
    { filter: { absent: { _eq: 1 } } },
    { sort: ["status"] },
    { sort: ["-author.secret"] },
  ].map((query) => searching("some", query, FORBIDDEN)),
  searching("full", { filter: { title: { _like: "a" } } }, INVALID),
];

/** What `GET /permissions/me` says of the collections, by reader. */
export const viewGrants: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  full: {
    posts: { access: "full", fields: ["*"] },
    authors: { access: "full", fields: ["*"] },
    comments: { access: "full", fields: ["*"] },
  },
  some: {
    posts: { access: "full", fields: ["author", "id", "title"] },
    authors: { access: "full", fields: ["id", "name"] },
  },
  mixed: { posts: { access: "partial", fields: ["budget", "id", "status", "title"] } },
  ruled: {
    posts: { access: "partial", fields: ["*"] },
    authors: { access: "partial", fields: ["*"] },
    comments: { access: "partial", fields: ["*"] },
  },
  none: {},
};
