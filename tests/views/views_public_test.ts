/**
 * Tests of views that one session opens many times, as the public does.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PUBLIC } from "../../live/domain/credential.ts";
import type { Viewer } from "../../live/domain/view_source.ts";
import { pass, queryOf, setUpViews, viewerOf } from "./setup.ts";

const GUEST: Viewer = { credential: PUBLIC, user: null };

Deno.test("Views.check() checks each view of a session once, and confirms it for all its members", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const openings = [queryOf(), queryOf(), queryOf(), queryOf({ limit: 1 })]
    .map((query) => setup.open(GUEST, query));
  await time.tickAsync(0);
  const [{ topic } = { topic: "" }] = await Promise.all(openings);
  setup.source.classified = 0;

  setup.views.rightsChanged();
  setup.source.list = "ab";
  const checked = await setup.views.check(PUBLIC);
  await pass(time, 1_000);

  assertEquals([checked.asked, setup.source.classified], [4, 2]);
  assertEquals(setup.shown(topic), "ab");
});

Deno.test("a change of users' rights does not affect the views of the public", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const opening = setup.open(GUEST);
  await time.tickAsync(0);
  const { topic } = await opening;

  setup.views.rightsChanged(new Set(["ada"]));
  setup.source.list = "ab";
  setup.views.changed({ collection: "events" });
  await pass(time, 1_000);

  assertEquals(setup.shown(topic), "ab");
});

Deno.test("a session that leaves a view while its rights are checked does not lose it afterwards", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const opening = setup.open("ada");
  await time.tickAsync(0);
  const { leave } = await opening;
  const other = setup.open("ada");
  await time.tickAsync(0);
  await other;

  setup.source.classes.set("ada", "fewer");
  const checking = setup.views.check(viewerOf("ada").credential);
  leave();
  await checking;

  assertEquals(setup.lost, ["ada changed"]);
});
