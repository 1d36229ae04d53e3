/**
 * Rights of many topics at once: a list never decides wrongly, whatever it holds or leaves out.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { topicOf } from "./authority_fixtures.ts";
import { UUID } from "./fixtures.ts";
import { all, LIST, many, RightsSetup } from "./rights_fixtures.ts";
import type { DirectusStandIn } from "./stand_in.ts";

for (
  const [name, topics, expected, calls] of [
    ["a forbidden one", ["events:1", "events:9"], ["allowed", "forbidden"], [1, 1]],
    ["all of them forbidden", ["absent:1", "absent:2"], ["forbidden", "forbidden"], [1, 2]],
    ["01", ["events:01", "events:2"], ["forbidden", "allowed"], [1, 1]],
    ["01 and 1", ["events:01", "events:1"], ["forbidden", "allowed"], [1, 1]],
    ["1e0 and 0x1", ["events:1e0", "events:0x1"], ["forbidden", "forbidden"], [1, 2]],
    ["+1 and 1.0", ["events:+1", "events:1.0"], ["forbidden", "forbidden"], [1, 2]],
    ["a space", ["place:a b", "place:1"], ["allowed", "allowed"], [1, 0]],
    ["a list of ids", ["events:1,2", "events:1"], ["forbidden", "allowed"], [0, 2]],
    ["a list of ids beside two", ["events:1,2", "events:1", "events:2"], [
      "forbidden",
      "allowed",
      "allowed",
    ], [1, 1]],
    ["a key in capitals", [`docs:${UUID.toUpperCase()}`, `docs:${UUID}`], [
      "forbidden",
      "allowed",
    ], [1, 1]],
    ["what would be another filter", ["place:1&filter[slug][_nin]=x", "place:1"], [
      "forbidden",
      "allowed",
    ], [1, 1]],
  ] as const
) {
  Deno.test(`authorise() of several topics decides each by itself: ${name}`, async () => {
    const setup = new RightsSetup();
    assertEquals(await setup.ask(topics), [...expected]);
    assertEquals(setup.calls, [...calls]);
  });
}

Deno.test("authorise() asks again for each that a cut list does not hold", async () => {
  const setup = new RightsSetup({ queryLimitMax: 20 });
  assertEquals(await setup.ask(many(50)), all("allowed", 50));
  assertEquals(setup.calls, [1, 30]);
  assertEquals(setup.metrics.sparedBy.batched, 19);
});

Deno.test("authorise() asks for each item where one bad id has the list refused", async () => {
  const items = [{ id: 1 }, { id: 2 }];
  const collections = [{ name: "strict", items, readers: ["ada-id"] }];
  const setup = new RightsSetup({ collections });
  assertEquals(await setup.ask(["strict:1", "strict:x", "strict:2"]), [
    "allowed",
    "forbidden",
    "allowed",
  ]);
  assertEquals(setup.calls, [1, 3]);
});

/** What a list is answered with; items are the stand-in's. */
function withList(directus: () => DirectusStandIn, body: string): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await directus().fetch(input, init);
    const isList = new URL(String(input)).searchParams.has("limit");
    if (!isList) return response;
    await response.body?.cancel();
    return new Response(body);
  };
}

for (
  const [name, body, calls] of [
    ["the whole collection", JSON.stringify({ data: [{ id: 1 }, { id: 2 }, { id: 3 }] }), [1, 1]],
    ["another item", '{"data":[{"id":3}]}', [1, 3]],
    ["one item that is no list", '{"data":{"id":1}}', [1, 3]],
    ["a list around it all", '[{"id":1}]', [1, 3]],
    ["no data", "{}", [1, 3]],
    ["null", "null", [1, 3]],
    ["keys that are none", '{"data":[{"id":null},{"id":["1"]},{"id":true},{}]}', [1, 3]],
    ["something that is no item", '{"data":[{"id":1},1]}', [1, 3]],
    ["a key in __proto__", '{"data":[{"__proto__":{"id":1}}]}', [1, 3]],
    ["a list that is too large", " ".repeat(65_537), [1, 3]],
  ] as const
) {
  Deno.test(`authorise() takes from a list only the very items asked for: ${name}`, async () => {
    const setup: RightsSetup = new RightsSetup({}, withList(() => setup.directus, body));
    assertEquals(await setup.ask(["events:1", "events:2", "events:9"]), [
      "allowed",
      "allowed",
      "forbidden",
    ]);
    assertEquals(setup.calls, [...calls]);
  });
}

Deno.test("authorise() of several topics is unauthorized for all if the session is over", async () => {
  const setup = new RightsSetup();
  setup.directus.logOut(setup.pair);
  assertEquals(await setup.ask(many(3)), all("unauthorized", 3));
  assertEquals(setup.calls, [1, 0]);
  assertEquals(setup.metrics.authorisations, ["unauthorized"]);
});

for (
  const [fault, reason, retryAfterMs] of [
    ["limited", "status 429", 1_000],
    ["pressure", "status 503", 2_000],
    ["broken", "status 500", 2_000],
    ["page", "answer is not JSON", 2_000],
    ["down", "error sending request: Connection refused", 2_000],
  ] as const
) {
  Deno.test(`authorise() of several topics is unavailable for all with Directus ${fault}`, async () => {
    const setup = new RightsSetup();
    setup.directus.fail(fault);
    const answers = ["events:1", "events:2"].map((topic) =>
      setup.authority.authorise(setup.cookie, topicOf(topic))
    );
    const expected = { kind: "unavailable", reason, retryAfterMs } as const;
    assertEquals(await Promise.all(answers), [expected, expected]);
    assertEquals(setup.calls, [1, 0]);
    assertEquals(setup.metrics.authorisations, ["error"]);
  });
}

for (const fault of ["broken", "page"] as const) {
  Deno.test(`authorise() asks item by item, once, after a list failed: ${fault}`, async () => {
    const setup = new RightsSetup();
    setup.directus.fail(fault, LIST);
    const topics = ["events:1", "events:2"];
    assertEquals(await setup.ask(topics), all("unavailable", 2));
    assertEquals(await setup.ask(topics), all("allowed", 2));
    assertEquals(await setup.ask(topics), all("unavailable", 2));
    assertEquals(setup.calls, [2, 2]);
  });
}

Deno.test("authorise() asks for a list again after a 429 to one", async () => {
  const setup = new RightsSetup();
  setup.directus.fail("limited", LIST);
  const topics = ["events:1", "events:2"];
  assertEquals(await setup.ask(topics), all("unavailable", 2));
  setup.directus.fail(undefined, LIST);
  setup.now = 1_000;
  assertEquals(await setup.ask(topics), all("allowed", 2));
  assertEquals(setup.calls, [2, 0]);
});
