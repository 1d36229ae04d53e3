/**
 * Reading rows from Directus's answers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { readRows, searchOf } from "../../live/directus/view_rows.ts";
import { readViewQuery } from "../../live/domain/view_query.ts";

/** Returns the name under which the server asks for primary keys. */
function keyAlias(): string {
  const query = readViewQuery({ collection: "posts", query: { fields: ["title"] } }, 100);
  if (typeof query === "string") throw new TypeError(query);
  const { query: { alias } } = searchOf(query, "id") as { query: { alias: object } };
  return Object.keys(alias)[0] ?? "";
}

Deno.test("readRows() returns each row once, under its key and without it", () => {
  const row = { title: "A", [keyAlias()]: 1 };
  assertEquals(readRows({ data: [row, row] }), {
    kind: "rows",
    rows: [{ key: "1", json: '{"title":"A"}' }],
  });
});

for (
  const [name, data, code] of [
    ["bare keys, as no field is left", [1, 2], "bad-view"],
    ["bare keys that are texts", ["a"], "bad-view"],
    ["rows without a key", [{ title: "A" }], "bad-view"],
    ["something else in a list", [null], undefined],
    ["no list", { id: 1 }, undefined],
  ] as const
) {
  Deno.test(`readRows() ${code ? "refuses" : "does not accept as an answer"} ${name}`, () => {
    const answer = readRows({ data });
    assertEquals(answer?.kind === "refused" ? answer.code : answer, code);
  });
}
