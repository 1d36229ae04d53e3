/**
 * How checks of many topics read lists: a list can only allow, and never too much.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { UUID } from "../support/directus.ts";
import { all, AuthoritySetup, LIST, many, topicOf } from "./setup.ts";
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
    ["an id that looks like another filter", ["place:1&filter[slug][_nin]=x", "place:1"], [
      "forbidden",
      "allowed",
    ], [1, 1]],
  ] as const
) {
  Deno.test(`authorise() of several topics decides about each separately: ${name}`, async () => {
    const setup = new AuthoritySetup();
    assertEquals(await setup.authorise(topics), [...expected]);
    assertEquals(setup.calls, [...calls]);
  });
}

Deno.test("authorise() checks again each topic that a cut list leaves out", async () => {
  const setup = new AuthoritySetup({ standIn: { queryLimitMax: 20 } });
  assertEquals(await setup.authorise(many(50)), all("allowed", 50));
  assertEquals(setup.calls, [1, 30]);
  assertEquals(setup.metrics.avoidedCalls.batched, 19);
});

Deno.test("authorise() checks each topic separately if Directus refuses the list for one bad id", async () => {
  const items = [{ id: 1 }, { id: 2 }];
  const collections = [{ name: "strict", items, readers: ["ada-id"] }];
  const setup = new AuthoritySetup({ standIn: { collections } });
  assertEquals(await setup.authorise(["strict:1", "strict:x", "strict:2"]), [
    "allowed",
    "forbidden",
    "allowed",
  ]);
  assertEquals(setup.calls, [1, 3]);
});

/** Responds to lists with a body, and to single items as the stand-in does. */
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
    ["one item instead of a list", '{"data":{"id":1}}', [1, 3]],
    ["a list around the data", '[{"id":1}]', [1, 3]],
    ["no data", "{}", [1, 3]],
    ["null", "null", [1, 3]],
    ["keys of other types", '{"data":[{"id":null},{"id":["1"]},{"id":true},{}]}', [1, 3]],
    ["an entry that is not an item", '{"data":[{"id":1},1]}', [1, 3]],
    ["a key in __proto__", '{"data":[{"__proto__":{"id":1}}]}', [1, 3]],
    ["a body that is too large", " ".repeat(65_537), [1, 3]],
  ] as const
) {
  Deno.test(`authorise() allows only the requested items of a list: ${name}`, async () => {
    const setup: AuthoritySetup = new AuthoritySetup({
      fetch: withList(() => setup.directus, body),
    });
    assertEquals(await setup.authorise(["events:1", "events:2", "events:9"]), [
      "allowed",
      "allowed",
      "forbidden",
    ]);
    assertEquals(setup.calls, [...calls]);
  });
}

Deno.test("authorise() of several topics answers unauthorized to all if the session has ended", async () => {
  const setup = new AuthoritySetup();
  setup.directus.logOut(setup.cookie.requestHeader()[1]);
  assertEquals(await setup.authorise(many(3)), all("unauthorized", 3));
  assertEquals(setup.calls, [1, 0]);
  assertEquals(setup.metrics.authorisations, ["unauthorized"]);
});

for (
  const [fault, reason, retryAfterMs] of [
    ["limited", "status 429", 1_000],
    ["pressure", "status 503", 2_000],
    ["broken", "status 500", 2_000],
    ["page", "response is not JSON", 2_000],
    ["down", "error sending request: Connection refused", 2_000],
  ] as const
) {
  Deno.test(`authorise() of several topics is unavailable while Directus is ${fault}`, async () => {
    const setup = new AuthoritySetup();
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
  Deno.test(`authorise() checks item by item, once, after a list failed: ${fault}`, async () => {
    const setup = new AuthoritySetup();
    setup.directus.fail(fault, LIST);
    const topics = ["events:1", "events:2"];
    assertEquals(await setup.authorise(topics), all("unavailable", 2));
    assertEquals(await setup.authorise(topics), all("allowed", 2));
    assertEquals(await setup.authorise(topics), all("unavailable", 2));
    assertEquals(setup.calls, [2, 2]);
  });
}

Deno.test("authorise() requests a list again after a 429 to one", async () => {
  const setup = new AuthoritySetup();
  setup.directus.fail("limited", LIST);
  const topics = ["events:1", "events:2"];
  assertEquals(await setup.authorise(topics), all("unavailable", 2));
  setup.directus.fail(undefined, LIST);
  setup.now = 1_000;
  assertEquals(await setup.authorise(topics), all("allowed", 2));
  assertEquals(setup.calls, [2, 0]);
});
