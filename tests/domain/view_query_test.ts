/**
 * Tests of reading views' queries.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { canonicalText, readViewQuery } from "../../live/domain/view_query.ts";

const MAX_ROWS = 1_000;

function read(query: unknown, collection: unknown = "events") {
  return readViewQuery({ collection, query }, MAX_ROWS);
}

for (
  const [name, query, expected] of [
    ["no query", undefined, { fields: ["*"], limit: 100 }],
    ["fields in any order, each once", { fields: ["b", "a", "b"] }, {
      fields: ["a", "b"],
      limit: 100,
    }],
    ["relational fields", { fields: ["author.name", "tags.*"] }, {
      fields: ["author.name", "tags.*"],
      limit: 100,
    }],
    ["a function", { fields: ["year(date)", "count(tags)"] }, {
      fields: ["count(tags)", "year(date)"],
      limit: 100,
    }],
    ["a collection of a many-to-any field", { fields: ["item:cars.name"] }, {
      fields: ["item:cars.name"],
      limit: 100,
    }],
    ["a filter", { filter: { status: { _eq: "pub" } } }, {
      fields: ["*"],
      filter: { status: { _eq: "pub" } },
      limit: 100,
    }],
    ["an empty filter", { filter: {}, sort: [], deep: {} }, { fields: ["*"], limit: 100 }],
    ["null for nothing", { filter: null, sort: null, search: null }, { fields: ["*"], limit: 100 }],
    ["a sort in its order", { sort: ["-starts_at", "id"] }, {
      fields: ["*"],
      limit: 100,
      sort: ["-starts_at", "id"],
    }],
    ["the largest limit", { limit: 1_000 }, { fields: ["*"], limit: 1_000 }],
    ["a search", { search: "o'hara \" ü" }, { fields: ["*"], limit: 100, search: "o'hara \" ü" }],
    ["a bounded deep", { deep: { tags: { _limit: 3 } } }, {
      fields: ["*"],
      limit: 100,
      deep: { tags: { _limit: 3 } },
    }],
  ] as const
) {
  Deno.test(`readViewQuery() reads ${name}`, () => {
    assertEquals(read(query), { collection: "events", ...expected } as unknown);
  });
}

function nested(depth: number): unknown {
  return depth === 0 ? { id: { _eq: 1 } } : { _and: [nested(depth - 1)] };
}

for (
  const [name, query, fault] of [
    ["a page", { page: 2 }, "query.page: not supported in a view"],
    ["an offset", { offset: 2 }, "query.offset: not supported in a view"],
    ["an aggregate", { aggregate: { count: "*" } }, "query.aggregate: not supported"],
    ["a group", { groupBy: ["a"] }, "query.groupBy: not supported"],
    ["a version", { version: "draft" }, "query.version: not supported"],
    ["an alias", { alias: { a: "b" } }, "query.alias: not supported"],
    ["a misspelt parameter", { fileds: ["id"] }, "query.fileds: unknown"],
    ["fields as text", { fields: "id" }, "query.fields: "],
    ["no fields", { fields: [] }, "query.fields: "],
    ["too many fields", { fields: Array(101).fill("id") }, "query.fields: "],
    ["a field that is a number", { fields: [1] }, "query.fields.0: "],
    ["a field with a blank", { fields: ["a b"] }, "query.fields.0: "],
    ["a field with SQL", { fields: ["id; drop table"] }, "query.fields.0: "],
    ["a prototype's field", { fields: ["__proto__"] }, "query.fields.0: "],
    ["a prototype's field in a path", { fields: ["a.constructor.b"] }, "query.fields.0: "],
    ["a path that is too deep", { fields: ["a.b.c.d.e.f.g"] }, "query.fields.0: "],
    ["a field that is too long", { fields: ["a".repeat(300)] }, "query.fields.0: "],
    ["a filter that is a list", { filter: [1] }, "query.filter: "],
    ["a filter that is text", { filter: "{}" }, "query.filter: "],
    [
      "a filter that is too deep",
      { filter: nested(12) },
      "query.filter: must be at most 12 levels",
    ],
    [
      "a huge _in",
      { filter: { id: { _in: Array(5_000).fill(1) } } },
      "query.filter: must be at most",
    ],
    ["a prototype's key", { filter: JSON.parse('{"__proto__":{"a":1}}') }, "query: must not use"],
    ["a constructor's key", { filter: { a: { constructor: 1 } } }, "query: must not use"],
    ["a deep that is too deep", { deep: nested(12) }, "query.deep: "],
    ["an unlimited deep", { deep: { tags: { _limit: -1 } } }, "query.deep: _limit: "],
    ["an aggregate in deep", { deep: { tags: { _aggregate: { count: "*" } } } }, "query.deep: "],
    ["a version in deep", { deep: { tags: { posts: { _version: "x" } } } }, "query.deep: "],
    ["a deep that is no object", { deep: { tags: 1 } }, "query.deep: tags: must be an object"],
    ["a deep that is a list", { deep: { tags: [{ _limit: 1 }] } }, "query.deep: tags: must be"],
    ["a malformed sort in deep", { deep: { tags: { _sort: ["a b"] } } }, "query.deep: _sort"],
    ["a sort as text", { sort: "-id" }, "query.sort: "],
    ["a sort with two minuses", { sort: ["--id"] }, "query.sort.0: "],
    ["too many sorts", { sort: Array(11).fill("id") }, "query.sort: "],
    ["an empty search", { search: "" }, "query.search: "],
    ["a long search", { search: "x".repeat(257) }, "query.search: "],
    ["a limit of 0", { limit: 0 }, "query.limit: "],
    ["a limit of -1", { limit: -1 }, "query.limit: "],
    ["a limit past the bound", { limit: 1_001 }, "query.limit: "],
    ["a limit as text", { limit: "10" }, "query.limit: "],
    ["a query that is a list", [], "query: "],
    ["a query that is text", "x", "query: "],
  ] as const
) {
  Deno.test(`readViewQuery() refuses ${name}`, () => {
    const fault_ = read(query);

    assert(typeof fault_ === "string");
    assertStringIncludes(fault_, fault);
  });
}

for (const collection of ["", "a.b", "../users", "directus_users", 1, null, "__proto__ ", "a b"]) {
  Deno.test(`readViewQuery() refuses the collection ${JSON.stringify(collection)}`, () => {
    const fault = read({}, collection);

    assert(typeof fault === "string");
    assertStringIncludes(fault, "collection: ");
  });
}

Deno.test("canonicalText() is equal for equal queries, whatever the order of members", () => {
  assertEquals(
    canonicalText({ b: [1, { d: null, c: "x" }], a: undefined }),
    canonicalText({ b: [1, { c: "x", d: null }] }),
  );
  assert(canonicalText({ a: [1, 2] }) !== canonicalText({ a: [2, 1] }));
});
