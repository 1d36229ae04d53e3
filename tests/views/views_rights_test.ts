/**
 * Tests of views whose members lose rights.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { pass, rowsOf, setUpViews, viewerOf } from "./setup.ts";

const UNAVAILABLE = { kind: "unavailable", reason: "down", retryAfterMs: 2_000 } as const;
const FORBIDDEN = { kind: "refused", code: "forbidden", reason: "no" } as const;
const OVER = { kind: "unauthorized" } as const;

Deno.test("after a change of rights a view publishes nothing until all its members are checked", async () => {
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

Deno.test("a refused read causes a check of all members' rights, who then subscribe again", async () => {
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

Deno.test("members lose a view whose read stays refused even if their class is the same", async () => {
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

Deno.test("Views.open() waits for a read after rights changed, even if the class has the same name", async () => {
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

Deno.test("a read that began before rights changed is not published, even if all members are confirmed", async () => {
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

Deno.test("a view continues once the failed check of a member has succeeded", async () => {
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

Deno.test("a view is read with another session if the reader's session is over", async () => {
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
