/**
 * Tests of opening views: rows in order, sharing, refusals.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { pass, queryOf, setUpViews, viewerOf } from "./setup.ts";

const UNAVAILABLE = { kind: "unavailable", reason: "down", retryAfterMs: 2_000 } as const;
const FORBIDDEN = { kind: "refused", code: "forbidden", reason: "no" } as const;
const OVER = { kind: "unauthorized" } as const;

Deno.test("Views.open() resolves once the log holds the rows, in order", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "cab";

  const opening = setup.open("ada");
  await time.tickAsync(0);
  const { topic } = await opening;

  assert(/^view:[\w-]{43}$/.test(topic));
  assertEquals(setup.shown(topic), "cab");
  assertEquals(setup.published, [topic]);
});

Deno.test("Views.open() reads once for all sessions of an access class", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "ab";

  const openings = ["ada", "bob", "eve"].map((user) => setup.open(user));
  await time.tickAsync(0);
  const topics = (await Promise.all(openings)).map(({ topic }) => topic);

  assertEquals(new Set(topics).size, 1);
  assertEquals(setup.source.reads.length, 1);
});

for (
  const { name, classes, queries } of [
    { name: "of two access classes", classes: ["one", "two"], queries: [{}, {}] },
    { name: "with two queries", classes: ["one", "one"], queries: [{}, { limit: 5 }] },
  ]
) {
  Deno.test(`Views.open() keeps sessions ${name} apart`, async () => {
    using time = new FakeTime();
    using setup = setUpViews();
    setup.source.classes.set("ada", classes[0] ?? "").set("bob", classes[1] ?? "");

    const first = setup.open("ada", queryOf(queries[0]));
    const second = setup.open("bob", queryOf(queries[1]));
    await time.tickAsync(0);

    assertNotEquals((await first).topic, (await second).topic);
    assertEquals(setup.source.reads, ["ada", "bob"]);
  });
}

Deno.test("Views.open() shares a view between equivalent queries", async () => {
  using time = new FakeTime();
  using setup = setUpViews();

  const first = setup.open("ada", queryOf({ fields: ["b", "a"], filter: { x: 1, y: 2 } }));
  const second = setup.open("ada", queryOf({ filter: { y: 2, x: 1 }, fields: ["a", "b"] }));
  await time.tickAsync(0);

  assertEquals((await first).topic, (await second).topic);
});

for (
  const [name, answer] of [
    ["a refusal", FORBIDDEN],
    ["an outage", UNAVAILABLE],
    ["a session that is over", OVER],
  ] as const
) {
  Deno.test(`Views.open() resolves to ${name} of the first read, and keeps no member`, async () => {
    using time = new FakeTime();
    using setup = setUpViews();
    setup.source.rows = answer;

    const opening = setup.views.open(viewerOf("ada"), queryOf(), () => {});
    await time.tickAsync(0);

    assertEquals(await opening, answer);
    await pass(time, 100_000);
    assertEquals(setup.source.reads.length, 1);
  });

  Deno.test(`Views.open() resolves to ${name} of the classification, without a read`, async () => {
    using setup = setUpViews();
    setup.source.classes.set("ada", answer);

    assertEquals(await setup.views.open(viewerOf("ada"), queryOf(), () => {}), answer);
    assertEquals(setup.source.reads, []);
  });
}

Deno.test("Views.open() reads with another member if the first one's session is over", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  setup.source.rowsFor.set("bob", OVER);

  const ada = setup.open("ada");
  const bob = setup.views.open(viewerOf("bob"), queryOf(), () => {});
  await pass(time, 1_000);

  assertEquals(await bob, OVER);
  assertEquals(setup.shown((await ada).topic), "a");
});
