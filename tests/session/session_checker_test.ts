/**
 * Tests of the results of revalidating a session.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { INTERVAL_MS, RevalidatorSetup, UNAVAILABLE } from "./revalidator_setup.ts";

const ENDED: [number, string][] = [[4401, "session is no longer good"]];

Deno.test("Revalidator ends all connections of a session that is over, and no others", async () => {
  using setup = new RevalidatorSetup();
  const over = [setup.add("ada", "event:1"), setup.add("ada")];
  const other = setup.add("bob");
  setup.answers.set("ada", { kind: "unauthorized" });
  await setup.pass();
  assertEquals(over.map(({ socket }) => socket.closes), [ENDED, ENDED]);
  assertEquals(other.socket.closes, []);
  assertEquals(setup.metrics.revalidations.toSorted(), ["ended", "ok"]);
  assertEquals(setup.authority.asked.toSorted(), [
    "authenticate ada fresh",
    "authenticate bob fresh",
  ]);
});

Deno.test("Revalidator ends a session if the check of a topic finds it over", async () => {
  using setup = new RevalidatorSetup();
  const monitored = [setup.add("ada", "event:1"), setup.add("ada", "event:2")];
  for (const topic of ["event:1", "event:2"]) {
    setup.answers.set(`ada ${topic}`, { kind: "unauthorized" });
  }
  await setup.pass();
  assertEquals(monitored.map(({ socket }) => socket.closes), [ENDED, ENDED]);
  assertEquals(setup.metrics.revalidations, ["ended"]);
});

Deno.test("Revalidator withdraws a forbidden topic from all connections of the session", async () => {
  using setup = new RevalidatorSetup();
  const monitored = [
    setup.add("ada", "event:1", "event:2"),
    setup.add("ada", "event:1"),
    setup.add("ada", "event:2"),
    setup.add("bob", "event:1"),
  ];
  setup.answers.set("ada event:1", { kind: "forbidden" });
  await setup.pass();
  assertEquals(monitored.map(({ withdrawn }) => withdrawn), [["event:1"], ["event:1"], [], []]);
  assertEquals([setup.metrics.withdrawals, setup.metrics.revalidations], [2, ["ok", "ok"]]);
  setup.answers.clear();
  await setup.pass();
  assertEquals(setup.authority.asked.filter((asked) => asked.includes("ada event:1")).length, 1);
});

Deno.test("Revalidator withdraws a topic while the check of another is in progress", async () => {
  using setup = new RevalidatorSetup();
  const monitored = setup.add("ada", "event:1", "event:2");
  setup.answers.set("ada event:1", new Promise(() => {}));
  setup.answers.set("ada event:2", { kind: "forbidden" });
  await setup.pass();
  assertEquals(monitored.withdrawn, ["event:2"]);
});

for (const [what, key] of [["session", "ada"], ["topic", "ada event:1"]] as const) {
  Deno.test(`Revalidator changes nothing if the ${what} cannot be checked`, async () => {
    using setup = new RevalidatorSetup();
    const monitored = setup.add("ada", "event:1");
    setup.answers.set(key, UNAVAILABLE);
    await setup.pass();
    assertEquals([monitored.withdrawn, monitored.socket.closes], [[], []]);
    assertEquals(setup.metrics.revalidations, ["unavailable"]);
  });
}

Deno.test("Revalidator logs an outage of several sessions and intervals once", async () => {
  using setup = new RevalidatorSetup();
  const names = Array.from({ length: 20 }, (_, i) => `user-${i}`);
  const monitored = names.map((name) => setup.add(name, "event:1"));
  for (const name of names) setup.answers.set(name, UNAVAILABLE);
  for (let i = 0; i < 3; i++) await setup.pass();
  assertEquals(setup.logger.lines, [{
    level: "warn",
    message: "sessions cannot be revalidated and stay connected",
    fields: { reason: "it rains" },
  }]);
  assertEquals(monitored.flatMap(({ socket }) => socket.closes), []);

  setup.answers.clear();
  for (let i = 0; i < 3; i++) await setup.pass();
  const [, over, ...more] = setup.logger.lines;
  assertEquals([over?.level, over?.message], ["info", "sessions are revalidated again"]);
  assertEquals(more, []);
});

Deno.test("Revalidator logs failures that come and go within an interval as one outage", async () => {
  using setup = new RevalidatorSetup();
  setup.add("ada");
  setup.add("bob");
  setup.answers.set("ada", UNAVAILABLE);
  for (let i = 0; i < 3; i++) await setup.pass();
  assertEquals(setup.metrics.revalidations.toSorted(), [
    ...Array(3).fill("ok"),
    ...Array(3).fill("unavailable"),
  ]);
  assertEquals(setup.logger.lines.length, 1);
});

Deno.test("Revalidator ignores the answer about a session that ended and came back meanwhile", async () => {
  using setup = new RevalidatorSetup();
  const held = Promise.withResolvers<unknown>();
  setup.answers.set("ada", held.promise);
  setup.add("ada").connection.end(1001, "gone");
  setup.add("ada");
  await setup.pass(INTERVAL_MS);
  assertEquals(setup.authority.asked.length, 1);
  setup.revalidator.connections[0]?.connection.end(1001, "gone");
  const back = setup.add("ada", "event:1");
  held.resolve({ kind: "unauthorized" });
  await setup.time.runMicrotasks();
  assertEquals(back.socket.closes, []);
});

for (
  const [name, graceMs, intervals] of [
    ["after the grace period", 3 * INTERVAL_MS, 3],
    ["at the first check after the grace period", 3.5 * INTERVAL_MS, 4],
  ] as const
) {
  Deno.test(`Revalidator closes sessions that could not be checked with 1013 ${name}`, async () => {
    using setup = new RevalidatorSetup(INTERVAL_MS, graceMs);
    const all = [setup.add("ada", "event:1"), setup.add("ada"), setup.add("bob")];
    for (const name of ["ada", "bob"]) setup.answers.set(name, UNAVAILABLE);
    for (let i = 1; i < intervals; i++) await setup.pass();
    assertEquals(all.map(({ socket }) => socket.closes), [[], [], []]);
    await setup.pass();
    await setup.pass();
    const closed: [number, string][] = [[1013, "session could not be checked"]];
    assertEquals(all.map(({ socket }) => socket.closes), [closed, closed, closed]);
    assertEquals(setup.logger.of("warn").map(({ message }) => message), [
      "sessions cannot be revalidated and stay connected",
      "sessions that could not be revalidated for too long are closed",
    ]);
  });
}

for (const key of ["ada", "ada event:1"]) {
  Deno.test(`Revalidator closes a session if '${key}' fails ten times while others are confirmed`, async () => {
    using setup = new RevalidatorSetup();
    const ada = setup.add("ada", "event:1");
    const bob = setup.add("bob", "event:1");
    await setup.pass();
    setup.answers.set(key, UNAVAILABLE);
    await setup.passAndCount(90, INTERVAL_MS / 10);
    assertEquals(ada.socket.closes, []);
    await setup.passAndCount(10, INTERVAL_MS / 10);
    assertEquals(ada.socket.closes, [[1013, "session could not be checked"]]);
    assertEquals(bob.socket.closes, []);
  });
}

Deno.test("Revalidator without a grace period keeps sessions while no session can be checked", async () => {
  using setup = new RevalidatorSetup();
  const all = [setup.add("ada"), setup.add("bob")];
  for (const name of ["ada", "bob"]) setup.answers.set(name, UNAVAILABLE);
  for (let i = 0; i < 100; i++) await setup.pass();
  assertEquals(all.map(({ socket }) => socket.closes), [[], []]);
});

Deno.test("Revalidator starts the grace period again once a session was confirmed", async () => {
  using setup = new RevalidatorSetup(INTERVAL_MS, 3 * INTERVAL_MS);
  const { socket } = setup.add("ada");
  for (let i = 0; i < 20; i++) {
    if (i % 3 === 0) setup.answers.clear();
    else setup.answers.set("ada", UNAVAILABLE);
    await setup.pass();
  }
  assertEquals(socket.closes, []);
});
