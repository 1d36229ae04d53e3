import { assertEquals, assertMatch } from "@std/assert";
import { BASE, cookieOf, get, options, post, verdict } from "./fixtures.ts";
import { createDirectusStandIn } from "./stand_in.ts";

const ada = { email: "ada@example.com", password: "demo" };

Deno.test("POST /auth/login in mode session sets the session cookie", async () => {
  const directus = createDirectusStandIn(options);
  const response = await post(directus, "/auth/login", { ...ada, mode: "session" });
  assertEquals(await response.json(), { data: { expires: 86_400_000 } });
  assertMatch(
    response.headers.get("set-cookie") ?? "",
    /^directus_session_token=[\w.-]+; HttpOnly; SameSite=Lax; Path=\/; Max-Age=86400$/,
  );
  assertEquals((await get(directus, "/users/me", cookieOf(response))).status, 200);
});

Deno.test("POST /auth/login in mode cookie sets a cookie that opens nothing", async () => {
  const directus = createDirectusStandIn(options);
  const response = await post(directus, "/auth/login", { ...ada, mode: "cookie" });
  assertEquals(Object.keys((await response.json()).data), ["expires", "access_token"]);
  assertMatch(cookieOf(response), /^directus_refresh_token=/);
  assertEquals(
    await verdict(await get(directus, "/users/me", cookieOf(response))),
    "401 INVALID_CREDENTIALS",
  );
});

Deno.test("POST /auth/login in mode json answers a token that works as a bearer", async () => {
  const directus = createDirectusStandIn(options);
  const { data } = await (await post(directus, "/auth/login", ada)).json();
  assertEquals(Object.keys(data), ["expires", "access_token", "refresh_token"]);
  const headers = { authorization: `Bearer ${data.access_token}` };
  assertEquals((await directus.fetch(`${BASE}/users/me`, { headers })).status, 200);
});

Deno.test("POST /auth/login refuses a body that is no object", async () => {
  const directus = createDirectusStandIn(options);
  assertEquals(await verdict(await post(directus, "/auth/login", 1)), "400 INVALID_PAYLOAD");
});

Deno.test("POST /auth/refresh rotates the cookie, and the old one ends 10 s later", async () => {
  let now = 1_000_000;
  const directus = createDirectusStandIn({ ...options, now: () => now });
  const old = directus.session("ada-id");
  const fresh = cookieOf(await post(directus, "/auth/refresh", { mode: "session" }, old));
  now += 9_999;
  assertEquals(await verdict(await get(directus, "/users/me", old)), "200");
  now += 1;
  assertEquals(
    await verdict(await get(directus, "/users/me", old)),
    "401 INVALID_CREDENTIALS clears",
  );
  assertEquals(await verdict(await get(directus, "/users/me", fresh)), "200");
});

Deno.test("POST /auth/refresh twice with one cookie gives the same new one", async () => {
  const directus = createDirectusStandIn(options);
  const old = directus.session("ada-id");
  const first = cookieOf(await post(directus, "/auth/refresh", { mode: "session" }, old));
  const second = cookieOf(await post(directus, "/auth/refresh", { mode: "session" }, old));
  assertEquals(second, first);
});
