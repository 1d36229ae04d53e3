import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
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

Deno.test('DirectusStandIn.fail("page") answers 200 with HTML', async () => {
  const directus = createDirectusStandIn(options);
  directus.fail("page");
  assertEquals(await verdict(await get(directus, "/users/me")), "200");
  assertEquals(await (await get(directus, "/users/me")).text(), "<!doctype html>");
});

Deno.test("DirectusStandIn.fail() puts one route out of order", async () => {
  const directus = createDirectusStandIn(options);
  const cookie = directus.session("ada-id");
  const statuses = () =>
    Promise.all(
      ["/users/me", "/items/events/1"].map(async (path) =>
        (await get(directus, path, cookie)).status
      ),
    );
  directus.fail("broken", "GET /users/me");
  assertEquals(await statuses(), [500, 200]);
  directus.fail("pressure");
  assertEquals(await statuses(), [500, 503]);
  directus.fail(undefined, "GET /users/me");
  assertEquals(await statuses(), [503, 503]);
  directus.fail(undefined);
  assertEquals(await statuses(), [200, 200]);
});

Deno.test("DirectusStandInOptions.delayMs delays each answer, and mostInFlight counts", async () => {
  using time = new FakeTime();
  const directus = createDirectusStandIn({ ...options, delayMs: 20 });
  let answered = 0;
  const answers = [1, 2, 3].map((id) => get(directus, `/items/news/${id}`).then(() => answered++));
  await time.tickAsync(19);
  await time.runMicrotasks();
  assertEquals([answered, directus.calls.length, directus.mostInFlight], [0, 3, 3]);
  await time.tickAsync(1);
  await Promise.all(answers);
  const one = get(directus, "/items/news/1");
  await time.tickAsync(20);
  assertEquals([(await one).status, directus.mostInFlight], [200, 3]);
});

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
