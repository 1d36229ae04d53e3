import { assertEquals } from "@std/assert";
import { BASE, get, options, verdict } from "./fixtures.ts";
import { createDirectusStandIn } from "./stand_in.ts";

Deno.test("DirectusStandIn.allow() and deny() change the right to one item", async () => {
  const directus = createDirectusStandIn(options);
  const cookie = directus.session("bob-id");
  directus.allow("bob@example.com", "events", 1);
  assertEquals((await get(directus, "/items/events/1", cookie)).status, 200);
  assertEquals((await get(directus, "/items/events/2", cookie)).status, 403);
  directus.deny("bob-id", "events", "1");
  assertEquals((await get(directus, "/items/events/1", cookie)).status, 403);
  directus.allow("public", "events", 2);
  assertEquals((await get(directus, "/items/events/2")).status, 200);
});

Deno.test("DirectusStandIn.rotate() leads to the next cookie", async () => {
  const directus = createDirectusStandIn(options);
  const old = directus.session("ada-id");
  const fresh = directus.rotate(old);
  assertEquals(fresh === old, false);
  assertEquals((await get(directus, "/users/me", fresh)).status, 200);
});

for (
  const [fault, expected] of [
    ["limited", "429 REQUESTS_EXCEEDED"],
    ["broken", "500 INTERNAL_SERVER_ERROR"],
    ["pressure", "503 SERVICE_UNAVAILABLE"],
  ] as const
) {
  Deno.test(`DirectusStandIn.fail("${fault}") answers ${expected} until it is undone`, async () => {
    const directus = createDirectusStandIn(options);
    directus.fail(fault);
    assertEquals(await verdict(await get(directus, "/server/ping")), expected);
    directus.fail(undefined);
    assertEquals(await verdict(await get(directus, "/server/ping")), "200");
  });
}

Deno.test('DirectusStandIn.fail("down") rejects as a refused connection does', async () => {
  const directus = createDirectusStandIn(options);
  directus.fail("down");
  const error = await get(directus, "/users/me").catch((error: unknown) => error);
  assertEquals(error instanceof TypeError, true);
});

Deno.test('DirectusStandIn.fail("hung") answers nothing until the request is aborted', async () => {
  const directus = createDirectusStandIn(options);
  directus.fail("hung");
  const abort = new AbortController();
  const answered = directus.fetch(`${BASE}/users/me`, { signal: abort.signal })
    .catch((error: unknown) => error);
  abort.abort(new Error("enough"));
  assertEquals(String(await answered), "Error: enough");
});

Deno.test("DirectusStandIn.calls tells the routes and headers in order", async () => {
  const directus = createDirectusStandIn(options);
  await get(directus, "/users/me", "a=b");
  await get(directus, "/items/events/1");
  await get(directus, "/items/events/2");
  assertEquals(directus.calls.map((call) => call.route), [
    "GET /users/me",
    "GET /items/:collection/:id",
    "GET /items/:collection/:id",
  ]);
  assertEquals(directus.calls[0]?.headers.get("cookie"), "a=b");
  assertEquals(directus.count("GET /items/:collection/:id"), 2);
});

Deno.test("DirectusStandInOptions.basePath puts all routes under a path", async () => {
  const directus = createDirectusStandIn({ ...options, basePath: "/cms" });
  assertEquals((await get(directus, "/cms/server/ping")).status, 200);
  assertEquals((await get(directus, "/server/ping")).status, 404);
});
