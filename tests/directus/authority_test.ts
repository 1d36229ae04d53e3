/**
 * Who a session is, by what Directus answers, and what both calls have in common.
 *
 * @module
 */

import { assertEquals, assertNotMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  always,
  anyCookie,
  cookieOf,
  createAuthority,
  TIMEOUT_MS,
  topicOf,
  UNAVAILABLE,
  withoutNonce,
} from "./authority_fixtures.ts";
import { BASE, options } from "./fixtures.ts";
import { createDirectusStandIn, type DirectusStandIn } from "./stand_in.ts";

const nobody = { email: null, role: null, first_name: null, last_name: null };

for (
  const [name, user, expected] of [
    ["all fields", "ada-id", {
      id: "ada-id",
      email: "ada@example.com",
      role: "editor",
      first_name: "Ada",
      last_name: null,
    }],
    ["an id alone", "bob-id", { ...nobody, id: "bob-id" }],
    ["no readable role", "eve-id", { ...nobody, id: "eve-id", email: "eve@example.com" }],
  ] as const
) {
  Deno.test(`authenticate() tells a user with ${name}`, async () => {
    const directus = createDirectusStandIn(options);
    const authority = createAuthority(directus.fetch);
    assertEquals(await authority.authenticate(cookieOf(directus.session(user))), {
      kind: "authenticated",
      user: expected,
    });
    assertEquals(authority.counted, ["authenticated ok"]);
  });
}

for (
  const [name, data, user] of [
    ["a role that is null", { id: "u", role: null }, { ...nobody, id: "u" }],
    ["a role that is an object", { id: "u", role: { id: "r" } }, { ...nobody, id: "u" }],
    ["fields of other types", { id: "u", email: 1, first_name: [], last_name: {} }, {
      ...nobody,
      id: "u",
    }],
    ["fields that nobody asked for", { id: "u", password: "**", token: "t" }, {
      ...nobody,
      id: "u",
    }],
  ] as const
) {
  Deno.test(`authenticate() tells a user with ${name}`, async () => {
    const authority = createAuthority(always(JSON.stringify({ data })));
    assertEquals(await authority.authenticate(anyCookie), { kind: "authenticated", user });
  });
}

const strangers: Record<string, (directus: DirectusStandIn) => string> = {
  "a share": (directus) => directus.shareSession("share-1"),
  "nobody": () => "directus_session_token=garbage",
  "another cookie": () => "other=1",
  "an ended session": (directus) => {
    const cookie = directus.session("ada-id");
    directus.logOut(cookie);
    return cookie;
  },
  "an expired session": (directus) => {
    const cookie = directus.session("ada-id");
    directus.expire(cookie);
    return cookie;
  },
  "a suspended user": (directus) => {
    const cookie = directus.session("ada-id");
    directus.suspend("ada-id");
    return cookie;
  },
  "a forged session (403 INVALID_TOKEN)": (directus) => directus.session("ada-id").slice(0, -2),
};

for (const [name, enter] of Object.entries(strangers)) {
  Deno.test(`authenticate() does not let ${name} in`, async () => {
    const directus = createDirectusStandIn(options);
    const authority = createAuthority(directus.fetch);
    const cookie = cookieOf(enter(directus));
    assertEquals(await authority.authenticate(cookie), { kind: "unauthorized" });
    assertEquals(authority.counted, ["authenticated unauthorized"]);
    assertEquals(directus.count("GET /users/me"), 1);
  });
}

for (
  const [name, body] of [
    ["HTML", "<!doctype html>"],
    ["nothing", ""],
    ["null", "null"],
    ["an empty object", "{}"],
    ["no data", '{"data":null}'],
    ["a list", '{"data":[{"id":"u"}]}'],
    ["a list around it all", '[{"data":{"id":"u"}}]'],
    ["no id", '{"data":{"email":"a@b.c"}}'],
    ["an id that is null", '{"data":{"id":null}}'],
    ["an id that is a number", '{"data":{"id":5}}'],
    ["an id that is an object", '{"data":{"id":{"id":"u"}}}'],
    ["an empty id", '{"data":{"id":""}}'],
    ["an id in __proto__", '{"data":{"__proto__":{"id":"u"}}}'],
    ["an id beside the data", '{"data":{},"id":"u"}'],
  ] as const
) {
  Deno.test(`authenticate() takes an answer with ${name} for a no`, async () => {
    const authority = createAuthority(always(body));
    assertEquals(await authority.authenticate(anyCookie), { kind: "unauthorized" });
    assertEquals(authority.counted, ["authenticated unauthorized"]);
  });
}

for (
  const [fault, reason, retryAfterMs] of [
    ["limited", "status 429", 1_000],
    ["pressure", "status 503", 2_000],
    ["broken", "status 500", 2_000],
    ["down", "error sending request: Connection refused", 2_000],
  ] as const
) {
  Deno.test(`authenticate() and authorise() are unavailable with Directus ${fault}`, async () => {
    const directus = createDirectusStandIn(options);
    const authority = createAuthority(directus.fetch);
    const cookie = cookieOf(directus.session("ada-id"));
    directus.fail(fault);
    const expected = { kind: "unavailable", reason, retryAfterMs } as const;
    const answers = Promise.all([
      authority.authenticate(cookie),
      authority.authorise(cookie, topicOf("event:1")),
    ]);
    assertEquals(await answers, [expected, expected]);
    assertEquals(authority.counted.toSorted(), ["authenticated error", "authorised error"]);
  });
}

Deno.test("authenticate() and authorise() are unavailable when Directus hangs", async () => {
  using time = new FakeTime();
  const directus = createDirectusStandIn(options);
  const authority = createAuthority(directus.fetch);
  directus.fail("hung");
  const answered = Promise.all([
    authority.authenticate(anyCookie),
    authority.authorise(anyCookie, topicOf("event:1")),
  ]);
  await time.tickAsync(TIMEOUT_MS);
  const expected = { ...UNAVAILABLE, reason: "no answer within 5000 ms" };
  assertEquals(await answered, [expected, expected]);
  assertEquals(authority.counted.toSorted(), ["authenticated error", "authorised error"]);
});

Deno.test("authenticate() says no once a rotated cookie's grace is over", async () => {
  let now = 0;
  const directus = createDirectusStandIn({ ...options, now: () => now });
  const authority = createAuthority(directus.fetch);
  const old = directus.session("ada-id");
  const fresh = directus.rotate(old);
  const kinds = () =>
    Promise.all(
      [old, fresh].map(async (pair) => (await authority.authenticate(cookieOf(pair))).kind),
    );
  now = 9_999;
  assertEquals(await kinds(), ["authenticated", "authenticated"]);
  now = 10_000;
  assertEquals(await kinds(), ["unauthorized", "authenticated"]);
});

Deno.test("authenticate() keeps the path of the base URL", async () => {
  const directus = createDirectusStandIn({ ...options, basePath: "/cms" });
  const authority = createAuthority(directus.fetch, `${BASE}/cms`);
  const cookie = cookieOf(directus.session("ada-id"));
  assertEquals((await authority.authenticate(cookie)).kind, "authenticated");
  assertEquals((await authority.authorise(cookie, topicOf("event:1"))).kind, "allowed");
  assertEquals(directus.calls.map(({ url }) => withoutNonce(url.href)), [
    "http://directus/cms/users/me?fields=id,email,role,first_name,last_name",
    "http://directus/cms/items/events/1?fields=id",
  ]);
});

Deno.test("createDirectusAuthority() forwards the session cookie and nothing else", async () => {
  const directus = createDirectusStandIn(options);
  const authority = createAuthority(directus.fetch);
  await authority.authenticate(anyCookie);
  await authority.authorise(anyCookie, topicOf("event:1"));
  assertEquals(directus.calls.map(({ headers }) => [...headers]), [
    [["accept", "application/json"], ["cookie", "directus_session_token=s3cr3t"]],
    [["accept", "application/json"], ["cookie", "directus_session_token=s3cr3t"]],
  ]);
});

Deno.test("createDirectusAuthority() tells the cookie in no reason", async () => {
  const authority = createAuthority(() =>
    Promise.reject(new Error("no", { cause: new Error("reset") }))
  );
  const answer = await authority.authenticate(anyCookie);
  assertEquals(answer, { ...UNAVAILABLE, reason: "reset" });
  assertNotMatch(JSON.stringify(answer), /s3cr3t/);
});
