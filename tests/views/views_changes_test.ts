/**
 * Tests of views that are read again: what is published, and how often they are read.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { pass, rowsOf, setUpViews } from "./setup.ts";

const UNAVAILABLE = { kind: "unavailable", reason: "down", retryAfterMs: 2_000 } as const;

Deno.test("Views.changed() reads again and publishes only the differences", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "abc";
  const opening = setup.open("ada");
  await time.tickAsync(0);
  const { topic } = await opening;
  const head = setup.views.logOf(topic)?.head ?? 0;

  setup.source.list = "acd";
  setup.views.changed({ collection: "events" });
  await pass(time, 1_000);

  assertEquals(setup.shown(topic), "acd");
  assertEquals(
    setup.views.logOf(topic)?.read(head, Infinity)?.map(({ key, json }) => [key, json]),
    [["b", undefined], ["d", '{"id":"d"}']],
  );
});

Deno.test("Views.changed() publishes nothing if nothing has changed", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "abc";
  const opening = setup.open("ada");
  await time.tickAsync(0);
  await opening;

  setup.views.changed({ collection: "events" });
  await pass(time, 1_000);

  assertEquals(setup.source.reads.length, 2);
  assertEquals(setup.published.length, 1);
});

for (
  const { name, touched, pinned, change, reads } of [
    { name: "another collection", touched: ["events"], change: { collection: "posts" }, reads: 1 },
    {
      name: "a collection along its paths",
      touched: ["events", "authors"],
      change: { collection: "authors" },
      reads: 2,
    },
    {
      name: "any collection, if its paths are unknown",
      touched: undefined,
      change: { collection: "posts" },
      reads: 2,
    },
    {
      name: "a key that it is not pinned to",
      touched: ["events"],
      pinned: ["1"],
      change: { collection: "events", keys: ["2"] },
      reads: 1,
    },
    {
      name: "a key that it is pinned to",
      touched: ["events"],
      pinned: ["1"],
      change: { collection: "events", keys: ["2", "1"] },
      reads: 2,
    },
    {
      name: "another key, if it has paths",
      touched: ["events", "authors"],
      pinned: ["1"],
      change: { collection: "authors", keys: ["2"] },
      reads: 2,
    },
    {
      name: "unknown keys",
      touched: ["events"],
      pinned: ["1"],
      change: { collection: "events" },
      reads: 2,
    },
  ]
) {
  Deno.test(`Views.changed() ${reads > 1 ? "reads" : "leaves"} a view at ${name}`, async () => {
    using time = new FakeTime();
    using setup = setUpViews();
    setup.source.touched = touched && new Set(touched);
    setup.source.pinned = pinned && new Set(pinned);
    const opening = setup.open("ada");
    await time.tickAsync(0);
    await opening;

    setup.views.changed(change);
    await pass(time, 10_000);

    assertEquals(setup.source.reads.length, reads);
  });
}

Deno.test("a view has one read in flight, and one more for all changes meanwhile", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const held = setup.source.held = [];
  const opening = setup.open("ada");
  await time.tickAsync(0);
  (held as { answer(rows: unknown): void }[])[0]?.answer(rowsOf("a"));
  await opening;

  for (let i = 0; i < 50; i++) setup.views.changed({ collection: "events" });
  await pass(time, 1_000);
  assertEquals(held.length, 2);
  for (let i = 0; i < 50; i++) setup.views.changed({ collection: "events" });
  await pass(time, 1_000);
  assertEquals(held.length, 2);

  (held as { answer(rows: unknown): void }[])[1]?.answer(rowsOf("b"));
  await pass(time, 5_000); // as long off as the read took
  assertEquals(held.length, 3);
});

Deno.test("a view is read at most ten times a second, even with more changes", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const opening = setup.open("ada");
  await time.tickAsync(0);
  await opening;

  for (let i = 0; i < 100; i++) {
    setup.views.changed({ collection: "events" });
    await time.tickAsync(10);
  }

  assertEquals(setup.source.reads.length, 11);
});

Deno.test("a view with members is read again regularly, with jitter", async () => {
  using time = new FakeTime();
  using setup = setUpViews({ refreshMs: 60_000, random: () => 0.75 });
  const opening = setup.open("ada");
  await time.tickAsync(0);
  await opening;
  setup.source.list = "a";

  await pass(time, 65_000);
  assertEquals(setup.source.reads.length, 1);
  await pass(time, 2_000);
  assertEquals(setup.source.reads.length, 2);
});

Deno.test("a view without members is not read", async () => {
  using time = new FakeTime();
  using setup = setUpViews({ refreshMs: 1_000 });
  const opening = setup.open("ada");
  await time.tickAsync(0);

  (await opening).leave();
  setup.views.changed({ collection: "events" });
  await pass(time, 100_000);

  assertEquals(setup.source.reads.length, 1);
});

Deno.test("a read that fails does not change the view, and is repeated when Directus says", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "ab";
  const opening = setup.open("ada");
  await time.tickAsync(0);
  const { topic } = await opening;

  setup.source.rows = UNAVAILABLE;
  setup.views.changed({ collection: "events" });
  await pass(time, 1_900);
  assertEquals(setup.shown(topic), "ab");
  assertEquals(setup.source.reads.length, 2);
  setup.source.list = "b";
  await pass(time, 2_000);

  assertEquals(setup.shown(topic), "b");
  assertEquals(setup.lost, []);
});
