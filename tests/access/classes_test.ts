/**
 * Tests of access classes: which sessions share a class, and above all which do not.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  type Classified,
  classOf,
  type Grants,
  type UserValues,
} from "../../live/access/classes.ts";
import type { Rules } from "../../live/access/rules.ts";
import { readViewQuery } from "../../live/domain/view_query.ts";
import { grantsOf, rulesOf } from "./setup.ts";

const ALL = ["full", ["*"]] as const;
const TITLES = ["full", ["id", "title"]] as const;
const SOME = ["partial", ["id", "title"]] as const;

/** A person, and what Directus says about their rights. */
interface Session {
  readonly user: string;
  readonly role?: string | null;
  readonly grants: Grants;
  readonly rules?: Rules | undefined;
  readonly userValues?: UserValues;
}

function classify(session: Session, query: unknown = { fields: ["id", "title"] }): Classified {
  const read = readViewQuery({ collection: "posts", query }, 100);
  if (typeof read === "string") throw new TypeError(read);
  const { user, role = null, grants, rules, userValues } = session;
  const person = { user, role };
  return classOf({ query: read, person, grants, rules, userValues, isShared: true });
}

function share(a: Session, b: Session, query?: unknown): boolean {
  return classify(a, query).key === classify(b, query).key;
}

const posts = (grant: Parameters<typeof grantsOf>[0][string]) => grantsOf({ posts: grant });

Deno.test("classOf() gives one class to sessions that read every row and the same fields", () => {
  assert(share({ user: "ada", grants: posts(ALL) }, { user: "bob", grants: posts(ALL) }));
  const rules = rulesOf([], []);
  assert(share({ user: "ada", grants: posts(TITLES), rules }, {
    user: "bob",
    role: "other",
    grants: grantsOf({ posts: ["full", ["title", "id"]], people: SOME }),
    rules,
  }));
});

Deno.test("classOf() without the relations requires full rights to everything, because a field may list keys", () => {
  const grants = grantsOf({ posts: ALL, comments: SOME });
  assert(!share({ user: "ada", grants }, { user: "bob", grants }));
  assertEquals([...classify({ user: "ada", grants }).touched ?? []], ["posts"]);
});

for (
  const [name, a, b] of [
    ["other fields", posts(ALL), posts(TITLES)],
    ["some of the rows", posts(SOME), posts(SOME)],
    ["no right", grantsOf({}), grantsOf({})],
    ["a right that says none", posts(["none", []]), posts(["none", []])],
  ] as const
) {
  Deno.test(`classOf() keeps sessions with ${name} apart, if no rules are known`, () => {
    assert(!share({ user: "ada", grants: a }, { user: "bob", grants: b }));
  });
}

Deno.test("classOf() gives one class to the sessions of a user with the same role", () => {
  const ada = { user: "ada", role: "one", grants: posts(SOME) };
  assert(share(ada, ada));
  assert(!share(ada, { ...ada, role: "two" }));
});

Deno.test("classOf() requires full rights to every collection along the paths", () => {
  const rules = rulesOf([], []);
  const query = { fields: ["id", "author.name"] };
  const both = grantsOf({ posts: ALL, people: ALL });
  const one = grantsOf({ posts: ALL, people: SOME });
  assert(share({ user: "ada", grants: both, rules }, { user: "bob", grants: both, rules }, query));
  assert(!share({ user: "ada", grants: one, rules }, { user: "bob", grants: one, rules }, query));
});

Deno.test("classOf() requires full rights to everything if paths cannot be resolved", () => {
  const query = { fields: ["id", "author.name"] };
  const all = grantsOf({ posts: ALL, people: ALL });
  const most = grantsOf({ posts: ALL, people: ALL, tags: SOME });
  assert(share({ user: "ada", grants: all }, { user: "bob", grants: all }, query));
  assert(!share({ user: "ada", grants: most }, { user: "bob", grants: most }, query));
  assertEquals(classify({ user: "ada", grants: all }, query).touched, undefined);
});

for (
  const query of [
    { filter: { owner: { _eq: "$CURRENT_USER" } } },
    { filter: { _or: [{ role: { _in: ["$CURRENT_ROLES"] } }] } },
    { deep: { comments: { _filter: { owner: { _eq: "$CURRENT_USER.id" } } } } },
  ]
) {
  Deno.test(`classOf() keeps users apart with the query ${JSON.stringify(query)}`, () => {
    const grants = posts(ALL);
    assert(!share({ user: "ada", grants }, { user: "bob", grants }, query));
  });
}

Deno.test("classOf() keeps all users apart if sessions must not share", () => {
  const read = readViewQuery({ collection: "posts", query: {} }, 100);
  if (typeof read === "string") throw new TypeError(read);
  const grants = posts(ALL);
  const [a, b] = ["ada", "bob"].map((user) =>
    classOf({
      query: read,
      person: { user, role: null },
      grants,
      rules: undefined,
      isShared: false,
    })
  );
  assertNotEquals(a?.key, b?.key);
});

const PUBLISHED = { status: { _eq: "pub" } };
const FIELDS = ["id", "title"];

Deno.test("classOf() gives one class to sessions to which the same rules apply", () => {
  const rules = rulesOf(
    [["p1", "posts", PUBLISHED, FIELDS], ["p2", "posts", { ...PUBLISHED }, [...FIELDS].reverse()]],
    [["role:editor", "p1"], ["user:bob", "p2"]],
  );
  const grants = posts(SOME);
  assert(share(
    { user: "ada", role: "editor", grants, rules },
    { user: "bob", grants, rules },
  ));
});

Deno.test("classOf() finds the rules of a role's ancestors, and of the public without a role", () => {
  const rules = rulesOf(
    [["p1", "posts", PUBLISHED, FIELDS]],
    [["role:root", "p1"], ["public", "p1"]],
    { roles: { child: "middle", middle: "root", root: null } },
  );
  const grants = posts(SOME);
  const child = { user: "ada", role: "child", grants, rules };
  assert(share(child, { user: "bob", role: "root", grants, rules }));
  assert(share(child, { user: "eve", grants, rules }));
});

for (
  const [name, one, two] of [
    ["another rule", [["p1", "posts", { status: { _eq: "draft" } }, FIELDS]], [[
      "p2",
      "posts",
      PUBLISHED,
      FIELDS,
    ]]],
    ["other fields of the same rows", [["p1", "posts", PUBLISHED, FIELDS], [
      "p1",
      "posts",
      { id: { _lt: 5 } },
      ["id"],
    ]], [["p2", "posts", PUBLISHED, ["id"]], ["p2", "posts", { id: { _lt: 5 } }, FIELDS]]],
    ["a rule that names the user", [["p1", "posts", { owner: { _eq: "$CURRENT_USER" } }, FIELDS]], [
      [
        "p2",
        "posts",
        { owner: { _eq: "$CURRENT_USER" } },
        FIELDS,
      ],
    ]],
    ["a rule that names a field of the user", [[
      "p1",
      "posts",
      { team: { _eq: "$CURRENT_USER.team" } },
      FIELDS,
    ]], [["p2", "posts", { team: { _eq: "$CURRENT_USER.team" } }, FIELDS]]],
  ] as const
) {
  Deno.test(`classOf() keeps sessions apart with ${name}`, () => {
    const rules = rulesOf(
      [...one, ...two] as never,
      [["user:ada", "p1"], ["user:bob", "p2"]],
    );
    const grants = posts(SOME);
    assert(!share({ user: "ada", grants, rules }, { user: "bob", grants, rules }));
  });
}

Deno.test("classOf() includes the rules of collections that a rule leads to", () => {
  const viaComments = { comments: { _some: { text: { _nnull: true } } } };
  const rules = rulesOf(
    [
      ["p1", "posts", viaComments, FIELDS],
      ["p1", "comments", { id: { _lt: 5 } }, ["*"]],
      ["p2", "posts", viaComments, FIELDS],
      ["p2", "comments", { id: { _lt: 9 } }, ["*"]],
    ],
    [["user:ada", "p1"], ["user:bob", "p2"]],
  );
  const grants = grantsOf({ posts: SOME, comments: ["partial", ["*"]] });
  const ada = classify({ user: "ada", grants, rules });

  assertEquals([...ada.touched ?? []].sort(), ["comments", "posts"]);
  assertNotEquals(ada.key, classify({ user: "bob", grants, rules }).key);
});

for (
  const [name, grants] of [
    ["more fields", posts(["partial", ["*"]])],
    ["all rows", posts(["full", ["id", "title", "body"]])],
    ["no right at all", grantsOf({})],
  ] as const
) {
  Deno.test(`classOf() does not trust the rules if Directus reports ${name}`, () => {
    const rules = rulesOf(
      [["p1", "posts", PUBLISHED, FIELDS]],
      [["user:ada", "p1"], ["user:bob", "p1"]],
    );
    const [a, b] = [{ user: "ada", grants: posts(SOME), rules }, { user: "bob", grants, rules }];
    assert(!share(a, b));
    assert(classify(b).key.startsWith("user ") || classify(b).key.startsWith("full "));
  });
}

for (
  const [name, options, query, grants] of [
    ["a policy depends on the address", { byAddress: ["p1"] }, { fields: FIELDS }, posts(SOME)],
    ["a system collection is touched by users of the app", { app: ["p1"] }, {
      fields: ["id", "owner.email"],
    }, posts(SOME)],
  ] as const
) {
  Deno.test(`classOf() keeps users apart if ${name}`, () => {
    const rules = rulesOf(
      [["p1", "posts", PUBLISHED, FIELDS]],
      [["user:ada", "p1"], ["user:bob", "p1"]],
      options,
    );
    assert(!share({ user: "ada", grants, rules }, { user: "bob", grants, rules }, query));
  });
}
