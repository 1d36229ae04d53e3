/**
 * Tests of how queries are read, whatever form the SDK sends them in.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { readQuery } from "../../live/directus_protocol/query.ts";

const OPTIONS = { maxRows: 50, primaryKey: "key" };

const read = (message: Record<string, unknown>) =>
  readQuery({ type: "subscribe", collection: "posts", ...message }, OPTIONS);

const BASE = { collection: "posts", fields: ["*"], limit: 50, isOpen: true } as const;

/** Rows: what it is, the message, and the view or the fault. */
const rows: [name: string, message: Record<string, unknown>, expected: unknown][] = [
  ["no query", {}, BASE],
  ["an empty query", { query: {} }, BASE],
  ["fields as text", { query: { fields: "b, a" } }, { ...BASE, fields: ["a", "b"] }],
  ["fields as a list of texts", { query: { fields: ["b,a", "c"] } }, {
    ...BASE,
    fields: ["a", "b", "c"],
  }],
  ["a function with a field", { query: { fields: "year(at),id" } }, {
    ...BASE,
    fields: ["id", "year(at)"],
  }],
  [
    "a function with two arguments, which is not a field",
    { query: { fields: "a,b(c,d),e" } },
    "query.fields.1: must be the path of a field",
  ],
  [
    "a bracket that is never closed",
    { query: { fields: "a,b(c" } },
    "query.fields.1: must be the path of a field",
  ],
  ["a sort as text", { query: { sort: "-a,b" } }, { ...BASE, sort: ["-a", "b"] }],
  ["a sort as a list", { query: { sort: ["-a", "b"] } }, { ...BASE, sort: ["-a", "b"] }],
  ["a filter as text", { query: { filter: '{"a":{"_eq":1}}' } }, {
    ...BASE,
    filter: { a: { _eq: 1 } },
  }],
  ["a filter as a structure", { query: { filter: { a: { _eq: 1 } } } }, {
    ...BASE,
    filter: { a: { _eq: 1 } },
  }],
  ["an empty filter", { query: { filter: "" } }, BASE],
  ["a limit as text", { query: { limit: "7" } }, { ...BASE, limit: 7 }],
  ["a limit as a number", { query: { limit: 7 } }, { ...BASE, limit: 7 }],
  ["no limit, -1", { query: { limit: "-1" } }, BASE],
  ["no rows", { query: { limit: 0 } }, { ...BASE, limit: 0 }],
  ["too many rows", { query: { limit: 51 } }, "query.limit: Too big: expected number to be <=50"],
  [
    "a limit that is not a number",
    { query: { limit: "x" } },
    "query.limit: must be a whole number from -1 on",
  ],
  ["a search", { query: { search: " a " } }, { ...BASE, search: "a" }],
  [
    "deep as text",
    { query: { deep: '{"tags":{"_limit":"3","_sort":"-a","_filter":"{\\"b\\":{\\"_eq\\":1}}"}}' } },
    { ...BASE, deep: { tags: { _limit: 3, _sort: ["-a"], _filter: { b: { _eq: 1 } } } } },
  ],
  ["deep as a structure", { query: { deep: { tags: { _limit: 3, more: { _sort: "a" } } } } }, {
    ...BASE,
    deep: { tags: { _limit: 3, more: { _sort: ["a"] } } },
  }],
  ["deep that is no JSON", { query: { deep: "{" } }, "query.deep: must be JSON"],
  ["a page", { query: { page: 2 } }, "query.page: not supported in a view"],
  ["meta", { query: { meta: "*" } }, "query.meta: not supported in a view"],
  ["an unknown parameter", { query: { isOpen: true } }, "query.isOpen: unknown"],
  [
    "a reserved name",
    { query: JSON.parse('{"filter":{"__proto__":{}}}') },
    "query: must not use a reserved name",
  ],
  ["an item", { item: 5, query: { sort: "a" } }, {
    ...BASE,
    filter: { key: { _eq: "5" } },
    limit: 1,
  }],
  ["an item with a filter", { item: "5", query: { filter: { a: { _eq: 1 } } } }, {
    ...BASE,
    filter: { _and: [{ a: { _eq: 1 } }, { key: { _eq: "5" } }] },
    limit: 1,
  }],
  ["an event", { event: "create", query: { sort: "a", limit: 5 } }, { ...BASE, limit: 0 }],
  ["deletions, for which the rows must be known", { event: "delete", query: { fields: "a" } }, {
    ...BASE,
    fields: ["key"],
  }],
];

for (const [name, message, expected] of rows) {
  Deno.test(`readQuery() reads ${name}`, () => {
    assertEquals(read(message), expected);
  });
}

Deno.test("readQuery() uses the default limit if the query has none", () => {
  const message = { type: "subscribe", collection: "posts" } as const;
  const query = readQuery(message, { ...OPTIONS, maxRows: 1_000 });

  assertEquals(typeof query === "string" ? query : query.limit, 100);
});

Deno.test("readQuery() looks at each character of a list once, so that commas cost no more than letters", () => {
  const fields = ",".repeat(2_000_000); // would take an hour if each comma looked at what follows it

  assertEquals(
    read({ query: { fields } }),
    "query.fields: Too big: expected array to have <=100 items",
  );
});
