/**
 * The stand-in beyond the contract that it shares with a real Directus: its options, its faults, and
 * what a test can change.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { BASE, options, UUID } from "../support/directus.ts";
import { verdict } from "./contract_setup.ts";
import { createDirectusStandIn, type DirectusStandIn } from "./stand_in.ts";

function get(directus: DirectusStandIn, path: string, cookie = ""): Promise<Response> {
  return directus.fetch(BASE + path, { headers: { cookie } });
}

async function status(directus: DirectusStandIn, path: string, cookie?: string): Promise<number> {
  return (await get(directus, path, cookie)).status;
}

for (
  const [name, user, path, expected] of [
    ["a string key", "ada-id", "/items/places/a%20b?fields=slug", { slug: "a b" }],
    ["a string key in capitals", "ada-id", "/items/places/A%20b", "403 FORBIDDEN"],
    ["a string key as a number", "ada-id", "/items/places/01", "403 FORBIDDEN"],
    ["a uuid in capitals", "ada-id", `/items/docs/${UUID.toUpperCase()}`, { id: UUID }],
    ["all fields", "ada-id", "/items/events/1?fields=*", { id: 1, title: "One" }],
    ["a limit", "ada-id", "/items/events?fields=id&limit=1", [{ id: 1 }]],
    ["a broken escape", "ada-id", "/items/events/%zz", "403 FORBIDDEN"],
    ["a path that leaves the collection", "ada-id", "/items/events/..", "404 ROUTE_NOT_FOUND"],
    ["a longer path", "ada-id", "/items/events/1/2", "404 ROUTE_NOT_FOUND"],
    ["an unknown path", "ada-id", "/nothing", "404 ROUTE_NOT_FOUND"],
    ["a hidden field", "eve-id", "/users/me?fields=id,role", { id: "eve-id" }],
    ["a role's fields", "ada-id", "/users/me?fields=role.*", { role: { id: "editor" } }],
  ] as const
) {
  Deno.test(`DirectusStandIn responds to ${path}, ${name}`, async () => {
    const directus = createDirectusStandIn(options);
    const response = await get(directus, path, directus.session(user));
    if (typeof expected === "string") assertEquals(await verdict(response), expected);
    else assertEquals(await response.json(), { data: expected });
  });
}

Deno.test("DirectusStandIn refuses a SEARCH without JSON", async () => {
  const directus = createDirectusStandIn(options);
  const url = `${BASE}/items/news`;
  const response = await directus.fetch(url, { method: "SEARCH", body: "no JSON" });
  assertEquals(await verdict(response), "400 INVALID_PAYLOAD");
});

for (const [mode, isAccepted] of [["json", true], ["cookie", false]] as const) {
  Deno.test(`POST /auth/login in mode ${mode} returns a token accepted by /users/me: ${isAccepted}`, async () => {
    const directus = createDirectusStandIn(options);
    const body = JSON.stringify({ email: "ada@example.com", password: "demo", mode });
    const response = await directus.fetch(`${BASE}/auth/login`, { method: "POST", body });
    const { data } = await response.json();
    const [cookie = ""] = (response.headers.get("set-cookie") ?? "").split(";", 1);
    const headers = isAccepted ? { authorization: `Bearer ${data.access_token}` } : { cookie };
    const me = await directus.fetch(`${BASE}/users/me`, { headers });
    assertEquals(me.status, isAccepted ? 200 : 401);
  });
}

Deno.test("DirectusStandIn expires a session a day after the login", async () => {
  let now = 1_000_000;
  const directus = createDirectusStandIn({ ...options, now: () => now });
  const cookie = directus.session("ada-id");
  now += 86_400_000;
  assertEquals(await verdict(await get(directus, "/users/me", cookie)), "401 TOKEN_EXPIRED");
});

Deno.test("DirectusStandIn.allow() and deny() change the right to one item", async () => {
  const directus = createDirectusStandIn(options);
  const cookie = directus.session("bob-id");
  directus.allow("bob@example.com", "events", 1);
  assertEquals(await status(directus, "/items/events/1", cookie), 200);
  assertEquals(await status(directus, "/items/events/2", cookie), 403);
  directus.deny("bob-id", "events", "1");
  assertEquals(await status(directus, "/items/events/1", cookie), 403);
  directus.allow("public", "events", 2);
  assertEquals(await status(directus, "/items/events/2"), 200);
});

Deno.test("DirectusStandIn.rotate() returns the next cookie", async () => {
  const directus = createDirectusStandIn(options);
  const old = directus.session("ada-id");
  const next = directus.rotate(old);
  assertEquals([next === old, await status(directus, "/users/me", next)], [false, 200]);
});

for (
  const [fault, expected] of [
    ["limited", "429 REQUESTS_EXCEEDED"],
    ["broken", "500 INTERNAL_SERVER_ERROR"],
    ["pressure", "503 SERVICE_UNAVAILABLE"],
    ["page", "200"],
  ] as const
) {
  Deno.test(`DirectusStandIn.fail("${fault}") responds ${expected} until it is undone`, async () => {
    const directus = createDirectusStandIn(options);
    directus.fail(fault);
    assertEquals(await verdict(await get(directus, "/users/me")), expected);
    directus.fail(undefined);
    assertEquals(await status(directus, "/users/me"), 401);
  });
}

Deno.test("DirectusStandIn.fail() makes one route fail", async () => {
  const directus = createDirectusStandIn(options);
  const cookie = directus.session("ada-id");
  const paths = ["/users/me", "/items/events/1"];
  const statuses = () => Promise.all(paths.map((path) => status(directus, path, cookie)));
  directus.fail("broken", "GET /users/me");
  assertEquals(await statuses(), [500, 200]);
  directus.fail("pressure");
  assertEquals(await statuses(), [500, 503]);
  directus.fail(undefined, "GET /users/me");
  assertEquals(await statuses(), [503, 503]);
});

Deno.test('DirectusStandIn.fail("down") rejects as a refused connection does', async () => {
  const directus = createDirectusStandIn(options);
  directus.fail("down");
  const error = await get(directus, "/users/me").catch((error: unknown) => error);
  assertEquals(error instanceof TypeError, true);
});

Deno.test('DirectusStandIn.fail("hung") does not respond until the request is aborted', async () => {
  const directus = createDirectusStandIn(options);
  directus.fail("hung");
  const abort = new AbortController();
  const response = directus.fetch(`${BASE}/users/me`, { signal: abort.signal })
    .catch((error: unknown) => error);
  abort.abort(new Error("enough"));
  assertEquals(String(await response), "Error: enough");
});

Deno.test("DirectusStandInOptions.delayMs delays each response", async () => {
  using time = new FakeTime();
  const directus = createDirectusStandIn({ ...options, delayMs: 20 });
  let responded = 0;
  const all = [1, 2, 3].map((id) => get(directus, `/items/news/${id}`).then(() => responded++));
  await time.tickAsync(19);
  await time.runMicrotasks();
  assertEquals([responded, directus.calls.length, directus.mostInFlight], [0, 3, 3]);
  await time.tickAsync(1);
  await Promise.all(all);
});

Deno.test("DirectusStandInOptions.queryLimitMax limits every list", async () => {
  const directus = createDirectusStandIn({ ...options, queryLimitMax: 20 });
  const cookie = directus.session("ada-id");
  for (const [limit, count] of [[-1, 20], [10, 10]] as const) {
    const { data } = await (await get(directus, `/items/many?limit=${limit}`, cookie)).json();
    assertEquals(data.length, count);
  }
});

Deno.test("DirectusStandInOptions.basePath prefixes all routes", async () => {
  const directus = createDirectusStandIn({ ...options, basePath: "/cms" });
  assertEquals(await status(directus, "/cms/server/ping"), 200);
  assertEquals(await status(directus, "/server/ping"), 404);
});

Deno.test("DirectusStandIn.calls records routes and headers in order", async () => {
  const directus = createDirectusStandIn(options);
  await get(directus, "/users/me", "a=b");
  for (const id of [1, 2]) await get(directus, `/items/events/${id}`);
  const item = "GET /items/:collection/:id";
  assertEquals(directus.calls.map(({ route }) => route), ["GET /users/me", item, item]);
  assertEquals(directus.calls[0]?.headers.get("cookie"), "a=b");
  assertEquals(directus.count(item), 2);
});
