/**
 * Tests of which collections a query touches.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isFlat, relation, Schema } from "../../live/access/schema.ts";
import { readViewQuery } from "../../live/domain/view_query.ts";
import { RELATIONS } from "./setup.ts";

const schema = new Schema(RELATIONS.map((row) => relation.parse(row)));

function queryOf(query: unknown) {
  const read = readViewQuery({ collection: "posts", query }, 100);
  if (typeof read === "string") throw new TypeError(read);
  return read;
}

for (
  const [name, query, touched, flat] of [
    ["plain fields", { fields: ["id", "title"] }, [], true],
    ["a foreign key", { fields: ["author"] }, [], true],
    ["all fields, which list keys", { fields: ["*"] }, ["comments", "posts_tags"], false],
    ["a list of keys", { fields: ["comments"] }, ["comments"], true],
    ["a field of a related row", { fields: ["author.name"] }, ["people"], false],
    ["rows of related rows", { fields: ["author.posts.title"] }, ["people"], false],
    ["a junction", { fields: ["tags.tags_id.name"] }, ["posts_tags", "tags"], false],
    ["all fields of all related rows", { fields: ["*.*"] }, [
      "comments",
      "directus_users",
      "films",
      "images",
      "people",
      "posts_tags",
    ], false],
    ["many-to-any", { fields: ["item.name"] }, ["films", "images"], false],
    ["one collection of many-to-any", { fields: ["item:films.name"] }, ["films"], false],
    ["a count", { fields: ["count(comments)"] }, ["comments"], false],
    ["a function of a plain field", { fields: ["year(date)"] }, [], false],
    ["a system collection", { fields: ["owner.email"] }, ["directus_users"], false],
    ["a plain filter", { fields: ["id"], filter: { status: { _eq: "pub" } } }, [], true],
    [
      "a filter in _or",
      {
        fields: ["id"],
        filter: { _or: [{ status: { _eq: 1 } }, { _and: [{ id: { _gt: 1 } }] }] },
      },
      [],
      true,
    ],
    ["a filter along a path", { fields: ["id"], filter: { author: { name: { _eq: "x" } } } }, [
      "people",
    ], false],
    [
      "a filter in _or along a path",
      {
        fields: ["id"],
        filter: { _or: [{ comments: { _some: { text: { _null: true } } } }] },
      },
      ["comments"],
      false,
    ],
    ["a filter on a count", { fields: ["id"], filter: { "count(comments)": { _gt: 1 } } }, [
      "comments",
    ], false],
    ["a sort along a path", { fields: ["id"], sort: ["-author.name"] }, ["people"], false],
    [
      "a deep filter",
      {
        fields: ["id", "comments.id"],
        deep: { comments: { _filter: { post: { author: { name: { _eq: 1 } } } } } },
      },
      ["comments", "people"],
      false,
    ],
    [
      "a deep sort",
      { fields: ["id", "comments.id"], deep: { comments: { _sort: ["-post.author.name"] } } },
      ["comments", "people"],
      false,
    ],
  ] as const
) {
  Deno.test(`Schema.touchedBy() finds the collections of ${name}`, () => {
    const read = queryOf(query);

    assertEquals([...schema.touchedBy(read)].sort(), ["posts", ...touched].sort());
    assertEquals(isFlat(read), flat);
  });
}
