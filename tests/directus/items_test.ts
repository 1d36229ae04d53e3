import { assertEquals } from "@std/assert";
import { BASE, get, options, UUID, verdict } from "./fixtures.ts";
import { createDirectusStandIn } from "./stand_in.ts";

for (
  const [path, data] of [
    ["/items/events/1", { id: 1, title: "One" }],
    ["/items/events/1?fields=*", { id: 1, title: "One" }],
    ["/items/events/1?fields=id", { id: 1 }],
    ["/items/events/01?fields=id", { id: 1 }],
    ["/items/events/1.0?fields=id", { id: 1 }],
    ["/items/events/+1?fields=id", { id: 1 }],
    ["/items/events/%201?fields=id", { id: 1 }],
    ["/items/events/1e0?fields=id", { id: 1 }],
    ["/items/events/0x1?fields=id", { id: 1 }],
    ["/items/events/?fields=id", [{ id: 1 }, { id: 2 }]],
    ["/items/events/.?fields=id", [{ id: 1 }, { id: 2 }]],
    ["/items/events/%2e?fields=id", [{ id: 1 }, { id: 2 }]],
    ["/items/events/?x?fields=id", [{ id: 1, title: "One" }, { id: 2, title: "Two" }]],
    ["/items/events/#x?fields=id", [{ id: 1, title: "One" }, { id: 2, title: "Two" }]],
    ["/items/places/a%20b?fields=slug", { slug: "a b" }],
    [`/items/docs/${UUID.toUpperCase()}?fields=id`, { id: UUID }],
    ["/items/events?fields=id&limit=-1&filter[id][_in]=2,3", [{ id: 2 }]],
    ["/items/events?fields=id&limit=1", [{ id: 1 }]],
  ] as const
) {
  Deno.test(`GET ${path} answers 200`, async () => {
    const directus = createDirectusStandIn(options);
    const response = await get(directus, path, directus.session("ada-id"));
    assertEquals(await response.json(), { data });
  });
}

for (
  const [name, user, path] of [
    ["a forbidden item", "bob-id", "/items/events/1"],
    ["a forbidden list", "bob-id", "/items/events/"],
    ["an absent item", "ada-id", "/items/events/99"],
    ["a malformed key", "ada-id", "/items/events/abc"],
    ["a broken escape", "ada-id", "/items/events/%zz"],
    ["a key in other letters", "ada-id", "/items/places/A%20b"],
    ["a string key that is read as a number", "ada-id", "/items/places/01"],
    ["an absent collection", "ada-id", "/items/nothing/1"],
    ["a system collection", "ada-id", "/items/directus_users/ada-id"],
    ["a field that is not there", "ada-id", "/items/events/1?fields=nothing"],
  ] as const
) {
  Deno.test(`GET ${path}, ${name}, answers 403 FORBIDDEN`, async () => {
    const directus = createDirectusStandIn(options);
    const response = await get(directus, path, directus.session(user));
    assertEquals(await verdict(response), "403 FORBIDDEN");
  });
}

for (const path of ["/items/events/..", "/items/events/1/2", "/items", "/nothing"]) {
  Deno.test(`GET ${path} answers 404`, async () => {
    const directus = createDirectusStandIn(options);
    const response = await get(directus, path, directus.session("ada-id"));
    assertEquals(await verdict(response), "404 ROUTE_NOT_FOUND");
  });
}

Deno.test("GET /items of a public item answers 401 to an invalid cookie only", async () => {
  const directus = createDirectusStandIn(options);
  assertEquals(await verdict(await get(directus, "/items/news/1")), "200");
  assertEquals(
    await verdict(await get(directus, "/items/news/1", directus.session("bob-id"))),
    "200",
  );
  assertEquals(
    await verdict(await get(directus, "/items/news/1", "directus_session_token=x")),
    "401 INVALID_CREDENTIALS clears",
  );
});

Deno.test("GET /items of a list stops at 100 unless asked for more", async () => {
  const directus = createDirectusStandIn(options);
  const cookie = directus.session("ada-id");
  const { data: some } = await (await get(directus, "/items/many", cookie)).json();
  const { data: all } = await (await get(directus, "/items/many?limit=-1", cookie)).json();
  assertEquals([some.length, all.length], [100, 150]);
});

Deno.test("GET /items of a list stops at queryLimitMax, whatever is asked for", async () => {
  const directus = createDirectusStandIn({ ...options, queryLimitMax: 20 });
  const cookie = directus.session("ada-id");
  for (const [limit, count] of [[-1, 20], [10, 10]] as const) {
    const { data } = await (await get(directus, `/items/many?limit=${limit}`, cookie)).json();
    assertEquals(data.length, count);
  }
});

Deno.test("SEARCH /items takes the query as a body", async () => {
  const directus = createDirectusStandIn(options);
  const search = (body: string) =>
    directus.fetch(`${BASE}/items/events`, {
      method: "SEARCH",
      headers: { cookie: directus.session("ada-id") },
      body,
    });
  const query = { fields: ["id"], limit: -1, filter: { id: { _in: ["1", 7] } } };
  assertEquals(await (await search(JSON.stringify({ query }))).json(), { data: [{ id: 1 }] });
  assertEquals(await verdict(await search("no JSON")), "400 INVALID_PAYLOAD");
});
