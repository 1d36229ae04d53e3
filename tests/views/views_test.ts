/**
 * Tests of views: sharing, reading again, losing.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { queryOf, rowsOf, setUpViews, viewerOf } from "./setup.ts";

const UNAVAILABLE = { kind: "unavailable", reason: "down", retryAfterMs: 2_000 } as const;
const FORBIDDEN = { kind: "refused", code: "forbidden", reason: "no" } as const;
const OVER = { kind: "unauthorized" } as const;

/** Lets time pass in steps, as a timer may follow what another one began. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  for (let step = 0; step < 20; step++) await time.tickAsync(ms / 20);
}

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

Deno.test("Views.open() shares a view between queries that say the same", async () => {
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

Deno.test("Views.changed() reads again and publishes the differences alone", async () => {
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

Deno.test("a view is read at most ten times a second, however many changes there are", async () => {
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

Deno.test("a view that is looked at is read again regularly, with jitter", async () => {
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

Deno.test("a view that nobody looks at is not read", async () => {
  using time = new FakeTime();
  using setup = setUpViews({ refreshMs: 1_000 });
  const opening = setup.open("ada");
  await time.tickAsync(0);

  (await opening).leave();
  setup.views.changed({ collection: "events" });
  await pass(time, 100_000);

  assertEquals(setup.source.reads.length, 1);
});

Deno.test("a view keeps its log for clients that come back, and is read before they do", async () => {
  using time = new FakeTime();
  using setup = setUpViews({ historyTtlMs: 10_000 });
  setup.source.list = "ab";
  const first = setup.open("ada");
  await time.tickAsync(0);
  const { topic, leave } = await first;
  const epoch = setup.views.logOf(topic)?.epoch;
  leave();
  await pass(time, 9_000);
  setup.source.list = "bc";

  const second = setup.open("ada");
  await time.tickAsync(0);

  assertEquals((await second).topic, topic);
  assertEquals(setup.views.logOf(topic)?.epoch, epoch);
  assertEquals(setup.shown(topic), "bc");
});

Deno.test("a view without members is dropped after the history's time to live", async () => {
  using time = new FakeTime();
  using setup = setUpViews({ historyTtlMs: 10_000 });
  const opening = setup.open("ada");
  await time.tickAsync(0);
  const { topic, leave } = await opening;

  leave();
  leave();
  await pass(time, 10_000);

  assertEquals(setup.views.logOf(topic), undefined);
});

Deno.test("Views.open() makes room by dropping unused views, and is full without any", async () => {
  using time = new FakeTime();
  using setup = setUpViews({ maxViews: 2 });
  const open = async (limit: number) => {
    const opening = setup.views.open(viewerOf("ada"), queryOf({ limit }), () => {});
    await time.tickAsync(0);
    return await opening;
  };
  const first = await open(1);
  await open(2);

  assertEquals((await open(3)).kind, "full");
  if (first.kind === "opened") first.leave();
  assertEquals((await open(3)).kind, "opened");
  assertEquals((await open(1)).kind, "full");
});

Deno.test("a read that fails leaves the view as it is, and is repeated when Directus says", async () => {
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

Deno.test("Views.check() takes a session off a view whose access class changed", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const openings = [setup.open("ada"), setup.open("bob")];
  await time.tickAsync(0);
  await Promise.all(openings);

  setup.source.classes.set("bob", "fewer");
  const checked = await setup.views.check(viewerOf("bob").credential);

  assertEquals(checked, { asked: 1, lost: 1, unanswered: [] });
  assertEquals(setup.lost, ["bob changed"]);
});

for (
  const [name, answer, lost, unanswered] of [
    ["takes away a view that is forbidden now", FORBIDDEN, ["ada forbidden"], []],
    ["leaves a view of a session that could not be checked", UNAVAILABLE, [], ["down"]],
    ["takes the views of a session that is over: it subscribes again, and ends", OVER, [
      "ada changed",
    ], []],
  ] as const
) {
  Deno.test(`Views.check() ${name}`, async () => {
    using time = new FakeTime();
    using setup = setUpViews();
    const opening = setup.open("ada");
    await time.tickAsync(0);
    await opening;

    setup.source.classes.set("ada", answer);
    const checked = await setup.views.check(viewerOf("ada").credential);

    assertEquals(setup.lost, [...lost]);
    assertEquals(checked.unanswered, [...unanswered]);
  });
}

Deno.test("after rights changed a view publishes nothing before all its members were checked", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const openings = [setup.open("ada"), setup.open("bob")];
  await time.tickAsync(0);
  const [{ topic } = { topic: "" }] = await Promise.all(openings);

  setup.source.list = "ab";
  setup.views.rightsChanged();
  setup.views.changed({ collection: "events" });
  await pass(time, 10_000);
  assertEquals(setup.shown(topic), "a");
  await setup.views.check(viewerOf("ada").credential);
  await pass(time, 10_000);
  assertEquals(setup.shown(topic), "a");
  setup.source.classes.set("bob", "fewer");
  await setup.views.check(viewerOf("bob").credential);
  await pass(time, 10_000);

  assertEquals(setup.lost, ["bob changed"]);
  assertEquals(setup.shown(topic), "ab");
});

Deno.test("a read during which rights changed is not published", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const opening = setup.open("ada");
  await time.tickAsync(0);
  const { topic } = await opening;

  const held: { answer(rows: unknown): void }[] = [];
  setup.source.held = held as never;
  setup.views.changed({ collection: "events" });
  await pass(time, 1_000);
  setup.views.rightsChanged();
  held[0]?.answer(rowsOf("abc"));
  await pass(time, 1_000);

  assertEquals(setup.shown(topic), "a");
});

Deno.test("a refused read has the rights of all members checked, who then begin anew", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const openings = [setup.open("ada"), setup.open("bob")];
  await time.tickAsync(0);
  await Promise.all(openings);

  setup.source.rows = FORBIDDEN;
  setup.source.classes.set("ada", "fewer").set("bob", "fewer");
  setup.views.changed({ collection: "events" });
  await pass(time, 1_000);

  assertEquals(setup.lost.toSorted(), ["ada changed", "bob changed"]);
});

Deno.test("members lose a view whose read stays refused though their class is the same", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const opening = setup.open("ada");
  await time.tickAsync(0);
  await opening;

  setup.source.rows = FORBIDDEN;
  setup.views.changed({ collection: "events" });
  await pass(time, 10_000);

  assertEquals(setup.lost, ["ada forbidden"]);
  assertEquals(setup.source.reads.length, 3);
});

Deno.test("Views.open() asks for the class again if rights changed meanwhile", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const opening = setup.open("ada");
  setup.views.rightsChanged();
  await time.tickAsync(0);
  await opening;

  assertEquals(setup.source.classified, 2);
});

Deno.test("Views.open() begins again if rights change while it waits for the first read", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const held: { answer(rows: unknown): void }[] = [];
  setup.source.held = held as never;
  const opening = setup.open("ada");
  await pass(time, 100);

  setup.source.classes.set("ada", "fewer");
  setup.views.rightsChanged();
  held[0]?.answer(rowsOf("abc")); // with the former rights
  await pass(time, 200);
  held[1]?.answer(rowsOf("a"));
  await pass(time, 100);

  assertEquals(setup.shown((await opening).topic), "a");
  assertEquals([held.length, setup.lost], [2, []]);
});

Deno.test("Views.open() waits for a read after rights changed, though the class has the same name", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "abc";
  const first = setup.open("ada");
  await pass(time, 100);
  await first;

  setup.views.rightsChanged();
  setup.source.list = "a";
  const second = setup.open(viewerOf("ada", "another session"));
  await pass(time, 1_000);
  await setup.views.check(viewerOf("ada").credential);
  await pass(time, 1_000);

  assertEquals(setup.shown((await second).topic), "a");
});

Deno.test("a read that began before rights changed is not published, though all are confirmed", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const opening = setup.open("ada");
  await pass(time, 100);
  const { topic } = await opening;
  const held: { answer(rows: unknown): void }[] = [];
  setup.source.held = held as never;
  setup.views.changed({ collection: "events" });
  await pass(time, 1_000);

  setup.views.rightsChanged();
  await setup.views.check(viewerOf("ada").credential);
  held[0]?.answer(rowsOf("abc"));
  await pass(time, 1_000);

  assertEquals(setup.shown(topic), "a");
  assertEquals(held.length, 2);
});

Deno.test("a view goes on once a member is checked whose check failed at first", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const opening = setup.open("ada");
  await pass(time, 100);
  const { topic } = await opening;

  setup.source.classes.set("ada", UNAVAILABLE);
  setup.views.rightsChanged();
  await setup.views.check(viewerOf("ada").credential);
  setup.source.classes.delete("ada");
  setup.source.list = "b";
  await pass(time, 5_000);

  assertEquals(setup.shown(topic), "b");
});

Deno.test("a view is read with another session if that of the reader is over", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const openings = [setup.open("ada"), setup.open("bob")];
  await pass(time, 100);
  const [{ topic } = { topic: "" }] = await Promise.all(openings);

  setup.source.rowsFor.set("bob", OVER).set("ada", rowsOf("b"));
  setup.views.changed({ collection: "events" });
  await pass(time, 1_000);

  assertEquals([setup.lost, setup.shown(topic)], [["bob changed"], "b"]);
});

Deno.test("a session that left a view does not lose it again when its read fails", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const openings = [setup.open("ada"), setup.open("bob")];
  await pass(time, 100);
  const [, bob] = await Promise.all(openings);
  const held: { user: string; answer(answer: unknown): void }[] = [];
  setup.source.held = held as never;
  setup.views.changed({ collection: "events" });
  await pass(time, 1_000);

  bob?.leave();
  held[0]?.answer(OVER);
  await pass(time, 1_000);

  assertEquals([held.map(({ user }) => user), setup.lost], [["bob", "ada"], []]);
});

Deno.test("Views.stop() refuses views that are being opened, and leaves no timer", async () => {
  using time = new FakeTime();
  const setup = setUpViews({ refreshMs: 1_000 });
  const held: { answer(rows: unknown): void }[] = [];
  setup.source.held = held as never;
  const waiting = setup.views.open(viewerOf("ada"), queryOf(), () => {});
  await pass(time, 100);

  const opening = setup.views.open(viewerOf("bob"), queryOf(), () => {});
  setup.views.stop();
  held[0]?.answer(rowsOf("a"));
  await pass(time, 600_000);

  assertEquals([(await waiting).kind, (await opening).kind], ["unavailable", "unavailable"]);
  assertEquals([setup.source.reads.length, time.next()], [1, false]);
});

Deno.test("views past the bound of their memory drop their logs, and keep their states", async () => {
  using time = new FakeTime();
  using setup = setUpViews({ maxBytes: 300, historySize: 1_000 });
  setup.source.list = "abc";
  const opening = setup.open("ada");
  await pass(time, 100);
  const { topic } = await opening;
  const log = setup.views.logOf(topic);
  assert(log);
  log.release(log.head);

  for (const keys of ["acb", "cab", "cba", "bca", "bac", "abc", "cba"]) {
    setup.source.list = keys;
    setup.views.changed({ collection: "events" });
    await pass(time, 1_000);
    log.release(log.head);
  }

  assertEquals(setup.shown(topic), "cba");
  assertEquals(log.canCatchUp(0) && log.read(0, Infinity) !== undefined, false);
});
