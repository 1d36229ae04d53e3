/**
 * Which topics a session may subscribe to: exactly the item that Directus returns.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { UUID } from "../support/directus.ts";
import {
  anyCookie,
  AuthoritySetup,
  cookieOf,
  many,
  respondingWith,
  topicOf,
  UNAVAILABLE,
  withoutCacheBuster,
} from "./setup.ts";

for (
  const [topic, kind] of [
    ["event:1", "allowed"],
    ["events:2", "allowed"],
    ["event:3", "forbidden"],
    ["event:abc", "forbidden"],
    ["absent:1", "forbidden"],
    ["event:01", "forbidden"],
    ["event:1.0", "forbidden"],
    ["event:+1", "forbidden"],
    ["event: 1", "forbidden"],
    ["event:1 ", "forbidden"],
    ["event:1e0", "forbidden"],
    ["event:0x1", "forbidden"],
    ["event:1,2", "forbidden"],
    [`docs:${UUID}`, "allowed"],
    [`docs:${UUID.toUpperCase()}`, "forbidden"],
    ["place:a b", "allowed"],
    ["place:1", "allowed"],
    ["place:01", "forbidden"],
    ["places:1", "forbidden"], // not mapped: its key would be `id`, a field that it does not have
  ] as const
) {
  Deno.test(`authorise() answers ${kind} to '${topic}'`, async () => {
    const setup = new AuthoritySetup();
    assertEquals(await setup.authority.authorise(setup.cookie, topicOf(topic)), { kind });
    assertEquals(setup.metrics.authorisations, [kind === "allowed" ? "ok" : kind]);
    assertEquals(setup.calls, [0, 1]);
  });
}

Deno.test("authorise() forbids an item that only other users may read", async () => {
  const setup = new AuthoritySetup();
  const bob = cookieOf(setup.directus.session("bob-id"));
  assertEquals(await setup.authorise(["event:1"], bob), ["forbidden"]);
});

Deno.test("authorise() answers unauthorized if the session has ended", async () => {
  const setup = new AuthoritySetup();
  setup.directus.logOut(setup.cookie.requestHeader()[1]);
  assertEquals(await setup.authorise(["event:1"]), ["unauthorized"]);
  assertEquals(setup.metrics.authorisations, ["unauthorized"]);
});

for (const id of ["", ".", "..", "?x", "#x"]) {
  Deno.test(`authorise() does not allow an invalid id that was not filtered out: '${id}'`, async () => {
    const { authority, cookie } = new AuthoritySetup();
    const answer = await authority.authorise(cookie, { name: `event:${id}`, prefix: "event", id });
    assertEquals(answer.kind === "allowed", false);
  });
}

for (
  const [name, body, kind] of [
    ["a key that is a number", '{"data":{"id":1}}', "allowed"],
    ["a key that is a string", '{"data":{"id":"1"}}', "allowed"],
    ["a list", '{"data":[{"id":1}]}', "forbidden"],
    ["another item", '{"data":{"id":2}}', "forbidden"],
    ["no key", '{"data":{"title":"1"}}', "forbidden"],
    ["a key that is null", '{"data":{"id":null}}', "forbidden"],
    ["a key that is a list", '{"data":{"id":["1"]}}', "forbidden"],
    ["a key that is an object", '{"data":{"id":{"id":1}}}', "forbidden"],
    ["a key that is true", '{"data":{"id":true}}', "forbidden"],
    ["a key in __proto__", '{"data":{"__proto__":{"id":1}}}', "forbidden"],
  ] as const
) {
  Deno.test(`authorise() answers ${kind} if Directus returns ${name}`, async () => {
    const { authority } = respondingWith(body);
    assertEquals(await authority.authorise(anyCookie, topicOf("event:1")), { kind });
  });
}

for (
  const [name, body, reason] of [
    ["HTML", "<!doctype html>", "response is not JSON"],
    ["no body", "", "response is not JSON"],
    ["no item", '{"data":null}', "response holds no item"],
    ["no data", "{}", "response holds no item"],
    ["null", "null", "response holds no item"],
    ["a list around the data", '[{"data":{"id":1}}]', "response holds no item"],
  ] as const
) {
  Deno.test(`authorise() is unavailable if Directus returns ${name}`, async () => {
    const { authority, metrics } = respondingWith(body);
    const expected = { ...UNAVAILABLE, reason };
    assertEquals(await authority.authorise(anyCookie, topicOf("event:1")), expected);
    assertEquals(metrics.authorisations, ["error"]);
  });
}

for (
  const [id, path] of [
    ["a b", "a%20b"],
    ["Straße", "Stra%C3%9Fe"],
    ["日😀", "%E6%97%A5%F0%9F%98%80"],
    ["a+b", "a%2Bb"],
    ["a&fields=*", "a%26fields%3D*"],
    ["a;b=c,d", "a%3Bb%3Dc%2Cd"],
    ["a:b@c", "a%3Ab%40c"],
    ["..\\users", "..%5Cusers"],
    ["'\"<>|`{}^[]", "'%22%3C%3E%7C%60%7B%7D%5E%5B%5D"],
    ["...", "..."],
  ] as const
) {
  Deno.test(`authorise() requests the item '${id}' and no other`, async () => {
    let url = "";
    const { authority } = new AuthoritySetup({
      fetch(input, init) {
        url = new Request(input, init).url;
        return Promise.resolve(Response.json({ data: { slug: id } }));
      },
    });
    assertEquals((await authority.authorise(anyCookie, topicOf(`place:${id}`))).kind, "allowed");
    const expected = new URL(`http://directus/items/places/${path}?fields=slug`).href;
    assertEquals(withoutCacheBuster(url), expected);
    assertEquals(decodeURIComponent(new URL(url).pathname), `/items/places/${id}`);
  });
}

for (
  const [what, topics, primaryKey] of [
    ["an item", ["place:1"], "slug"],
    ["a list", many(3), "id"],
  ] as const
) {
  Deno.test(`authorise() bypasses Directus's cache when it requests ${what}`, async () => {
    const setup = new AuthoritySetup();
    for (let i = 0; i < 2; i++) await setup.authorise(topics);
    const queries = setup.directus.calls.map(({ url }) => url.searchParams);
    assert(queries.every((query) => query.get("fields") === primaryKey));
    const [first, second] = queries.map((query) =>
      [...query].find(([name]) => name.startsWith("alias"))?.join("=") ?? ""
    );
    assertMatch(first ?? "", new RegExp(`^alias\\[n[0-9a-f]{8}\\]=${primaryKey}$`));
    assertNotEquals(first, second);
  });
}
