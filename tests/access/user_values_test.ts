/**
 * Tests of access classes by the values of users' own fields.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { classOf, type UserValues } from "../../live/access/classes.ts";
import { userFieldsIn } from "../../live/access/rules.ts";
import { readViewQuery } from "../../live/domain/view_query.ts";
import { grantsOf, rulesOf } from "./setup.ts";

const FIELDS = ["id", "title"];
const grants = grantsOf({ posts: ["partial", FIELDS] });

/** Returns the class of a user with a role whose rule is given. */
function classWith(
  user: string,
  userValues: UserValues | undefined,
  rule: Record<string, unknown> = { team: { _eq: "$CURRENT_USER.team" } },
): string {
  const query = readViewQuery({ collection: "posts", query: { fields: FIELDS } }, 100);
  if (typeof query === "string") throw new TypeError(query);
  const rules = rulesOf([["p", "posts", rule, FIELDS]], [["role:member", "p"]]);
  const person = { user, role: "member" };
  return classOf({ query, person, grants, rules, userValues, isShared: true }).key;
}

const team = (value: string | number | boolean | null) => new Map([["team", value]]);

for (
  const [name, a, b, isEqual] of [
    ["the same team", team(1), team(1), true],
    ["no team", team(null), team(null), true],
    ["other teams", team(1), team(2), false],
    ["a team and none", team(1), team(null), false],
    ["a number and a text", team(1), team("1"), false],
    ["an unknown team", undefined, undefined, false],
    ["a team and an unknown one", team(1), undefined, false],
    ["another field that is known", new Map([["city", 1]]), new Map([["city", 1]]), false],
  ] as const
) {
  Deno.test(`classOf() lets users with ${name} ${isEqual ? "share" : "not share"} a rule on their team`, () => {
    assertEquals(classWith("ada", a) === classWith("bob", b), isEqual);
  });
}

Deno.test("classOf() keeps users apart if their rule has a path, even with known values", () => {
  const rule = { team: { _eq: "$CURRENT_USER.team.id" } };
  const values = new Map([["team", 1], ["team.id", 1]]);
  assertEquals(classWith("ada", values, rule) === classWith("bob", values, rule), false);
});

Deno.test("classOf() does not treat a user's value as a variable, even if it looks like one", () => {
  const own = classWith("ada", team("$NOW"), { due: { _lt: "$CURRENT_USER.team" } });
  assertEquals(own === classWith("bob", team("$NOW"), { due: { _lt: "$NOW" } }), false);
});

Deno.test("userFieldsIn() returns the user's own fields that rules name, without paths", () => {
  const rule = (permissions: Record<string, unknown>) => ({
    policy: "p",
    collection: "posts",
    permissions,
  });
  assertEquals(
    userFieldsIn([
      rule({
        _or: [{ team: { _eq: "$CURRENT_USER.team" } }, { city: { _in: ["$CURRENT_USER.city"] } }],
      }),
      rule({ team: { _eq: "$CURRENT_USER.team" }, owner: { _eq: "$CURRENT_USER" } }),
      rule({ boss: { _eq: "$CURRENT_USER.team.boss" }, role: { _eq: "$CURRENT_ROLE.name" } }),
    ]),
    ["city", "team"],
  );
});
