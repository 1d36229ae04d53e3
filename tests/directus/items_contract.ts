/**
 * The contract's rows about access to items, and about how a key is read.
 *
 * @module
 */

import { ada, bob, type Row } from "./contract_setup.ts";
import { UUID } from "../support/directus.ts";

const LIST = "/items/events?fields=id&limit=-1&filter[id][_in]=";

/** Rows about `/items`. */
export const itemRows: readonly Row[] = [
  ...["1", "01", "1.0", "+1", "%201", "1%20", "1e0", "0x1"].map((id) => ({
    name: "an integer key in another notation",
    cookie: ada,
    path: `/items/events/${id}?fields=id`,
    answer: "200",
    data: { id: 1 },
  })),
  ...["?fields=id", ".?fields=id", "%2e?fields=id", "?x&fields=id", "?fields=id#x"].map((id) => ({
    name: "a malformed key, which gets a list",
    cookie: ada,
    path: `/items/events/${id}`,
    answer: "200",
    data: [{ id: 1 }, { id: 2 }],
  })),
  {
    name: "a uuid", // case matters in SQLite, not in PostgreSQL
    cookie: ada,
    path: `/items/docs/${UUID}?fields=id`,
    answer: "200",
    data: { id: UUID },
  },
  ...[
    ["an item that a filter hides", "/items/events/3"],
    ["an absent item", "/items/events/99"],
    ["a malformed key", "/items/events/abc"],
    ["a fraction", "/items/events/1.5"],
    ["a negative number", "/items/events/-1"],
    ["a number that is too large", "/items/events/99999999999999999999"],
    ["two keys", "/items/events/1,2"],
    ["a slash in the key", "/items/events/1%2F2"],
    ["a malformed uuid", "/items/docs/1"],
    ["an absent collection", "/items/nothing/1"],
    ["a system collection", "/items/directus_users/1"],
    ["a field that is not there", "/items/events/1?fields=nothing"],
    ["a list of a field that is not there", "/items/events?fields=nothing"],
    ["a list of an absent collection", "/items/nothing?fields=id"],
  ].map(([name = "", path = ""]) => ({ name, cookie: ada, path, answer: "403 FORBIDDEN" })),
  {
    name: "an item that the user may not read",
    cookie: bob,
    path: "/items/events/1",
    answer: "403 FORBIDDEN",
  },
  {
    name: "a list that the user may not read",
    cookie: bob,
    path: `${LIST}1`,
    answer: "403 FORBIDDEN",
  },
  { name: "an item without a session", path: "/items/events/1", answer: "403 FORBIDDEN" },
  ...[
    ["1,2", [{ id: 1 }, { id: 2 }]],
    ["2,3,99", [{ id: 2 }]],
    ["3", []],
    ["01,3", [{ id: 1 }]],
    ["0x1,1e0", [{ id: 1 }]],
    ["1.5,2", [{ id: 2 }]],
    ["99999999999999999999,1", [{ id: 1 }]],
    ["", []],
  ].map(([ids, data]) => ({
    name: "a list of integer keys",
    cookie: ada,
    path: LIST + ids,
    answer: "200",
    data,
  })),
  ...["abc", "1,abc"].map((ids) => ({
    name: "a list with a key that is not a number",
    cookie: ada,
    path: LIST + ids,
    answer: "400 INVALID_QUERY",
  })),
  {
    name: "a list with a key that is not a uuid",
    cookie: ada,
    path: `/items/docs?fields=id&limit=-1&filter[id][_in]=1,${UUID}`,
    answer: "200",
    data: [{ id: UUID }],
  },
  {
    name: "a list of keys as a body",
    cookie: ada,
    path: "/items/events",
    method: "SEARCH",
    body: { query: { fields: ["id"], limit: -1, filter: { id: { _in: [1, 2] } } } },
    answer: "200",
    data: [{ id: 1 }, { id: 2 }],
  },
  ...[
    ["an item", "/items/events/1?fields=id&alias[n1]=id", { id: 1 }],
    ["a list", `${LIST}2,3&alias[n1]=id`, [{ id: 2 }]],
  ].map(([name, path, data]) => ({
    name: `${name} with an alias, which bypasses Directus's cache`,
    cookie: ada,
    path: `${path}`,
    answer: "200",
    data,
  })),
];
