/**
 * What a session may listen to, by what Directus answers: the very item asked for, or nothing.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  always,
  anyCookie,
  cookieOf,
  createAuthority,
  topicOf,
  UNAVAILABLE,
  withoutNonce,
} from "./authority_fixtures.ts";
import { options, UUID } from "./fixtures.ts";
import { createDirectusStandIn } from "./stand_in.ts";

for (const [name, id] of [["a number", 1], ["a string", "1"]] as const) {
  Deno.test(`authorise() allows an item whose key is ${name}`, async () => {
    const authority = createAuthority(always(JSON.stringify({ data: { id } })));
    assertEquals(await authority.authorise(anyCookie, topicOf("event:1")), { kind: "allowed" });
    assertEquals(authority.counted, ["authorised ok"]);
  });
}

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
    ["places:1", "forbidden"], // not mapped: its key would be `id`, a field it does not have
  ] as const
) {
  Deno.test(`authorise() says ${kind} to '${topic}'`, async () => {
    const directus = createDirectusStandIn(options);
    const authority = createAuthority(directus.fetch);
    const cookie = cookieOf(directus.session("ada-id"));
    assertEquals(await authority.authorise(cookie, topicOf(topic)), { kind });
    assertEquals(authority.counted, [`authorised ${kind === "allowed" ? "ok" : kind}`]);
    assertEquals(directus.count("GET /items/:collection/:id"), 1);
  });
}

Deno.test("authorise() forbids what another user may read", async () => {
  const directus = createDirectusStandIn(options);
  const cookie = cookieOf(directus.session("bob-id"));
  assertEquals(await createAuthority(directus.fetch).authorise(cookie, topicOf("event:1")), {
    kind: "forbidden",
  });
});

for (const id of ["", ".", "..", "?x", "#x"]) {
  Deno.test(`authorise() forbids an id that is none, if it comes this far: '${id}'`, async () => {
    const directus = createDirectusStandIn(options);
    const cookie = cookieOf(directus.session("ada-id"));
    const topic = { name: `event:${id}`, prefix: "event", id };
    const answer = await createAuthority(directus.fetch).authorise(cookie, topic);
    assertEquals(answer.kind === "allowed", false);
  });
}

for (
  const [name, body] of [
    ["a list", '{"data":[{"id":1}]}'],
    ["no item", '{"data":null}'],
    ["no data", "{}"],
    ["null", "null"],
    ["a list around it all", '[{"data":{"id":1}}]'],
    ["another item", '{"data":{"id":2}}'],
    ["no key", '{"data":{"title":"1"}}'],
    ["a key that is null", '{"data":{"id":null}}'],
    ["a key that is a list", '{"data":{"id":["1"]}}'],
    ["a key that is an object", '{"data":{"id":{"id":1}}}'],
    ["a key that is true", '{"data":{"id":true}}'],
    ["a key in __proto__", '{"data":{"__proto__":{"id":1}}}'],
  ] as const
) {
  Deno.test(`authorise() takes an answer with ${name} for a no`, async () => {
    const authority = createAuthority(always(body));
    assertEquals(await authority.authorise(anyCookie, topicOf("event:1")), { kind: "forbidden" });
    assertEquals(authority.counted, ["authorised forbidden"]);
  });
}

for (const [name, body] of [["HTML", "<!doctype html>"], ["nothing", ""]] as const) {
  Deno.test(`authorise() is unavailable when the answer is ${name}`, async () => {
    const authority = createAuthority(always(body));
    assertEquals(await authority.authorise(anyCookie, topicOf("event:1")), {
      ...UNAVAILABLE,
      reason: "answer is not JSON",
    });
    assertEquals(authority.counted, ["authorised error"]);
  });
}

Deno.test("authorise() says unauthorized when the session has ended", async () => {
  const directus = createDirectusStandIn(options);
  const authority = createAuthority(directus.fetch);
  const cookie = directus.session("ada-id");
  directus.logOut(cookie);
  assertEquals(await authority.authorise(cookieOf(cookie), topicOf("event:1")), {
    kind: "unauthorized",
  });
  assertEquals(authority.counted, ["authorised unauthorized"]);
});

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
  Deno.test(`authorise() asks for the item '${id}' and no other`, async () => {
    let url = "";
    const authority = createAuthority((input, init) => {
      url = new Request(input, init).url;
      return Promise.resolve(Response.json({ data: { slug: id } }));
    });
    assertEquals((await authority.authorise(anyCookie, topicOf(`place:${id}`))).kind, "allowed");
    assertEquals(
      withoutNonce(url),
      new URL(`http://directus/items/places/${path}?fields=slug`).href,
    );
    assertEquals(decodeURIComponent(new URL(url).pathname), `/items/places/${id}`);
  });
}
