/**
 * Tests of checking whether sessions still belong to their views.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { pass, setUpViews, viewerOf } from "./setup.ts";

const UNAVAILABLE = { kind: "unavailable", reason: "down", retryAfterMs: 2_000 } as const;
const FORBIDDEN = { kind: "refused", code: "forbidden", reason: "no" } as const;
const OVER = { kind: "unauthorized" } as const;

Deno.test("Views.check() ends a session's view if its access class changed", async () => {
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

Deno.test("a member's check counts even if the rights of another user change meanwhile", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  setup.source.list = "a";
  const opening = setup.open("ada");
  await pass(time, 100);
  const { topic } = await opening;

  setup.source.list = "ab";
  setup.views.rightsChanged(new Set(["ada"]));
  const checking = setup.views.check(viewerOf("ada").credential);
  setup.views.rightsChanged(new Set(["bob"]));
  await checking;
  await pass(time, 1_000);

  assertEquals(setup.shown(topic), "ab");
});

Deno.test("a user whose rights change faster than they can be checked holds up no other member", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const openings = [setup.open("ada"), setup.open("bob")];
  await pass(time, 100);
  const [{ topic } = { topic: "" }] = await Promise.all(openings);

  setup.source.list = "a";
  for (let change = 0; change < 2; change++) setup.views.rightsChanged(new Set(["ada"]));
  await pass(time, 1_000);

  assertEquals([setup.lost, setup.shown(topic)], [["ada changed"], "a"]);
});

Deno.test("Views.open() asks for no class again if the rights of another user changed meanwhile", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const opening = setup.open("ada");
  setup.views.rightsChanged(new Set(["bob"]));
  await time.tickAsync(0);
  await opening;

  assertEquals(setup.source.classified, 1);
});

Deno.test("members stay though the rights of all change again before they were checked", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const opening = setup.open("ada");
  await pass(time, 100);
  await opening;

  for (let change = 0; change < 2; change++) setup.views.rightsChanged();
  await setup.views.check(viewerOf("ada").credential);

  assertEquals(setup.lost, []);
});
