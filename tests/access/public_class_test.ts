/**
 * Tests of the access class of clients without a credential, of whose rights Directus says nothing.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { type Classified, classOf } from "../../live/access/classes.ts";
import type { Person } from "../../live/access/rules.ts";
import { readViewQuery } from "../../live/domain/view_query.ts";
import { rulesOf } from "./setup.ts";

const PUBLIC: Person = { user: null, role: null };
const RULES = rulesOf(
  [
    ["open", "posts", { comments: { _some: { text: { _nnull: true } } } }, ["*"]],
    ["own", "posts", {}, ["*"]],
  ],
  [["public", "open"], ["user:ada", "own"]],
);

function classify(person: Person, rules = true): Classified {
  const query = readViewQuery({ collection: "posts", query: { fields: ["id"] } }, 100);
  if (typeof query === "string") throw new TypeError(query);
  return classOf({
    query,
    person,
    grants: {},
    rules: rules ? RULES : undefined,
    isShared: false,
  });
}

Deno.test("classOf() gives the whole public one class, which no user has", () => {
  assertEquals(classify(PUBLIC).key, classify(PUBLIC, false).key);
  for (const user of ["ada", "null", "public"]) {
    assertNotEquals(classify(PUBLIC).key, classify({ user, role: null }).key, user);
  }
});

Deno.test("classOf() follows the rules of the public", () => {
  assertEquals([...classify(PUBLIC).touched ?? []].sort(), ["comments", "posts"]);
  assertEquals([...classify(PUBLIC, false).touched ?? []], ["posts"]);
});

Deno.test("Rules.effective() gives the public the policies without a user and a role", () => {
  assertEquals(RULES.effective(PUBLIC).policies, ["open"]);
});
