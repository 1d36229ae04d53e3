import { assertEquals } from "@std/assert";
import { get, options, verdict } from "./fixtures.ts";
import { createDirectusStandIn, type DirectusStandIn } from "./stand_in.ts";

for (
  const [name, user, query, data] of [
    ["the fields asked", "ada-id", "?fields=id,email,role,first_name", {
      id: "ada-id",
      first_name: "Ada",
      email: "ada@example.com",
      role: "editor",
    }],
    ["the role as an object", "ada-id", "?fields=id,role.*", {
      id: "ada-id",
      role: { id: "editor" },
    }],
    ["null without a role or name", "bob-app", "?fields=role,first_name", {
      first_name: null,
      role: null,
    }],
    ["no field that is hidden", "eve-id", "?fields=id,role,email", {
      id: "eve-id",
      email: "eve@example.com",
    }],
    ["a bare id without app access", "bob-id", "?fields=email,role", { id: "bob-id" }],
  ] as const
) {
  Deno.test(`GET /users/me answers ${name}`, async () => {
    const plain = { id: "bob-app", email: "b@example.com", password: "demo" };
    const directus = createDirectusStandIn({ ...options, users: [...options.users, plain] });
    const response = await get(directus, `/users/me${query}`, directus.session(user));
    assertEquals(await response.json(), { data });
  });
}

for (
  const [name, cookieFor, expected] of [
    ["no cookie", () => undefined, "401 INVALID_CREDENTIALS"],
    ["an empty cookie", () => "directus_session_token=", "401 INVALID_CREDENTIALS"],
    ["an unrelated cookie", () => "theme=dark", "401 INVALID_CREDENTIALS"],
    ["garbage", () => "directus_session_token=garbage", "401 INVALID_CREDENTIALS clears"],
    ["three dotted words", () => "directus_session_token=a.b.c", "401 INVALID_CREDENTIALS clears"],
    ["a bad signature", (directus) => `${directus.session("ada-id")}x`, "403 INVALID_TOKEN clears"],
    ["a share's session", (directus) => directus.shareSession("s1"), "200"],
    ["a cookie beside others", (directus) => `a=b; ${directus.session("ada-id")}; c=d`, "200"],
    [
      "a 20 KB header",
      (directus) => `a=${"x".repeat(20_000)}; ${directus.session("ada-id")}`,
      "431",
    ],
    ["an expired session", (directus) => {
      const cookie = directus.session("ada-id");
      directus.expire(cookie);
      return cookie;
    }, "401 TOKEN_EXPIRED"],
    ["a session that was logged out", (directus) => {
      const cookie = directus.session("ada-id");
      directus.logOut(cookie);
      return cookie;
    }, "401 INVALID_CREDENTIALS clears"],
    ["a suspended user", (directus) => {
      const cookie = directus.session("ada-id");
      directus.suspend("ada@example.com");
      return cookie;
    }, "401 INVALID_CREDENTIALS clears"],
    ["a user who is back from a suspension", (directus) => {
      const cookie = directus.session("ada-id");
      directus.suspend("ada-id");
      directus.resume("ada-id");
      return cookie;
    }, "200"],
    ["a deleted user", (directus) => {
      const cookie = directus.session("ada-id");
      directus.remove("ada-id");
      return cookie;
    }, "401 INVALID_CREDENTIALS clears"],
    ["a changed password", (directus) => {
      const cookie = directus.session("ada-id");
      directus.changePassword("ada-id", "other");
      return cookie;
    }, "401 INVALID_CREDENTIALS clears"],
  ] as [string, (directus: DirectusStandIn) => string | undefined, string][]
) {
  Deno.test(`GET /users/me with ${name} answers ${expected}`, async () => {
    const directus = createDirectusStandIn(options);
    assertEquals(await verdict(await get(directus, "/users/me", cookieFor(directus))), expected);
  });
}

Deno.test("GET /users/me answers 401 TOKEN_EXPIRED a day after the login", async () => {
  let now = 1_000_000;
  const directus = createDirectusStandIn({ ...options, now: () => now });
  const cookie = directus.session("ada-id");
  now += 86_400_000;
  assertEquals(await verdict(await get(directus, "/users/me", cookie)), "401 TOKEN_EXPIRED");
});

Deno.test("GET /users/me has no id for a share", async () => {
  const directus = createDirectusStandIn(options);
  const response = await get(directus, "/users/me?fields=id", directus.shareSession("s1"));
  assertEquals(await response.json(), { data: { share: "s1" } });
});
