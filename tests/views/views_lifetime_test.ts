/**
 * Tests of how long views and their logs are kept.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { pass, queryOf, rowsOf, setUpViews, viewerOf } from "./setup.ts";

Deno.test("a view keeps its log for clients that come back, and is read before they start", async () => {
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

Deno.test("Views.open() makes room by dropping unused views, and is full if there are none", async () => {
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
