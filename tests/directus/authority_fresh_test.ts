/**
 * Tests of what Directus is asked, and how it is understood, when the answer must be fresh.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { always, anyCookie, createAuthority, topicOf } from "./authority_fixtures.ts";
import { many, RightsSetup } from "./rights_fixtures.ts";

const FRESH = { fresh: true };
const NAMELESS = "answer names no user";

for (
  const [name, body, init, kind, once] of [
    ["a page of HTML", "<!doctype html>", {}, "unavailable", "unauthorized"],
    ["JSON without a user", '{"status":"maintenance"}', {}, "unavailable", "unauthorized"],
    ["a share's session", '{"data":{"share":"x"}}', {}, "unavailable", "unauthorized"],
    ["401", "{}", { status: 401 }, "unauthorized", "unauthorized"],
    ["403", "{}", { status: 403 }, "unauthorized", "unauthorized"],
    ["503", "{}", { status: 503 }, "unavailable", "unavailable"],
    ["a user", '{"data":{"id":"ada"}}', {}, "authenticated", "authenticated"],
  ] as const
) {
  Deno.test(`Authority.authenticate() takes ${name} for ${kind} when it asks again`, async () => {
    const authority = createAuthority(always(body, init));
    assertEquals((await authority.authenticate(anyCookie)).kind, once);
    const answer = await authority.authenticate(anyCookie, FRESH);
    assertEquals(answer.kind, kind);
    if (answer.kind === "unavailable" && once !== kind) assertEquals(answer.reason, NAMELESS);
  });
}

/** Queries of all calls so far. */
function queries({ directus }: RightsSetup): URLSearchParams[] {
  return directus.calls.map(({ url }) => url.searchParams);
}

/** Returns the aliases in a query, with their names. */
function aliases(query: URLSearchParams | undefined): string[][] {
  return [...query ?? []].filter(([name]) => name.startsWith("alias"));
}

Deno.test("Authority.authorise() goes round Directus's cache when it asks about an item", async () => {
  const setup = new RightsSetup();
  for (const options of [{}, FRESH]) {
    const answer = await setup.authority.authorise(setup.cookie, topicOf("place:1"), options);
    assertEquals(answer.kind, "allowed");
  }
  const [first, second] = queries(setup).map(aliases);
  assertMatch(first?.join() ?? "", /^alias\[n[0-9a-f]{8}\],slug$/);
  assertNotEquals(first, second);
  assert(queries(setup).every((query) => query.get("fields") === "slug"));
});

Deno.test("Authority.authorise() goes round Directus's cache when it asks about a list", async () => {
  const setup = new RightsSetup();
  assertEquals(await setup.ask(many(3)), Array(3).fill("allowed"));
  assertEquals(setup.calls, [1, 0]);
  const [query] = queries(setup);
  assertMatch(aliases(query).join(), /^alias\[n[0-9a-f]{8}\],id$/);
  assertEquals(query?.get("fields"), "id");
});

Deno.test("Authority.authorise() puts a fresh question into a list with others", async () => {
  const setup = new RightsSetup();
  const [first = "", second = ""] = many(2);
  await Promise.all([
    setup.authority.authorise(setup.cookie, topicOf(first)),
    setup.authority.authorise(setup.cookie, topicOf(second), FRESH),
  ]);
  assertEquals(setup.calls, [1, 0]);
});
