/**
 * Tests of when sessions are asked about again.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { GuardSetup, INTERVAL_MS } from "./revalidator_fakes.ts";

/** Passes the time in so many steps; returns how many questions there were in each. */
async function count(setup: GuardSetup, steps: number, ms: number): Promise<number[]> {
  const counts: number[] = [];
  for (let step = 0; step < steps; step++) {
    const before = setup.authority.asked.length;
    await setup.pass(ms);
    counts.push(setup.authority.asked.length - before);
  }
  return counts;
}

Deno.test("Revalidator asks about a session, not about each of its connections", async () => {
  using setup = new GuardSetup();
  for (let i = 0; i < 3; i++) setup.add("ada");
  await setup.pass();
  assertEquals(setup.authority.asked, ["authenticate ada fresh"]);
  assertEquals(setup.metrics.revalidations, ["ok"]);
});

Deno.test("Revalidator asks about a session again and again, once in an interval", async () => {
  using setup = new GuardSetup();
  setup.add("ada");
  setup.add("bob");
  assertEquals(await count(setup, 5, INTERVAL_MS), [2, 2, 2, 2, 2]);
});

Deno.test("Revalidator asks about each topic of a session once, after the session", async () => {
  using setup = new GuardSetup();
  setup.add("ada", "event:1", "event:2");
  setup.add("ada", "event:2", "news:1");
  await setup.pass();
  assertEquals(setup.authority.asked, [
    "authenticate ada fresh",
    "authorise ada event:1 fresh",
    "authorise ada event:2 fresh",
    "authorise ada news:1 fresh",
  ]);
});

for (const sessions of [10, 60, 600]) {
  Deno.test(`Revalidator asks about ${sessions} sessions that came at once in a steady trickle`, async () => {
    using setup = new GuardSetup();
    for (let i = 0; i < sessions; i++) setup.add(`user-${i}`);
    for (let interval = 0; interval < 3; interval++) {
      const counts = await count(setup, 10, INTERVAL_MS / 10);
      assertEquals(counts.reduce((sum, count) => sum + count), sessions);
      assertLessOrEqual(Math.max(...counts), sessions / 10 + 2);
      assertGreaterOrEqual(Math.min(...counts), sessions / 10 - 2);
    }
  });
}

Deno.test("Revalidator gives sessions that come little by little places of their own", async () => {
  using setup = new GuardSetup();
  const each = 100;
  for (let i = 0; i < each; i++) {
    setup.add(`user-${i}`);
    setup.time.tick(37);
  }
  await count(setup, 100, INTERVAL_MS / 100);
  const counts = await count(setup, 10, INTERVAL_MS / 10);
  assertEquals(counts.reduce((sum, count) => sum + count), each);
  assertLessOrEqual(Math.max(...counts), each / 10 + 2);
});

Deno.test("Revalidator asks about a session within an interval of its coming, whenever that is", async () => {
  using setup = new GuardSetup();
  for (let i = 0; i < 50; i++) {
    const member = setup.add(`user-${i}`);
    await setup.pass();
    assert(setup.authority.asked.includes(`authenticate user-${i} fresh`), `user-${i}`);
    member.connection.end(1001, "gone");
    setup.time.tick(1_234);
  }
});

Deno.test("Revalidator asks nothing about sessions that are gone", async () => {
  using setup = new GuardSetup();
  const [first, second] = [setup.add("ada"), setup.add("ada")];
  first.connection.end(1001, "gone");
  assertEquals(await count(setup, 1, INTERVAL_MS), [1]);
  second.connection.end(1001, "gone");
  assertEquals([setup.guard.members, setup.guard.groups, setup.time.next()], [[], [], false]);
  assertEquals(await count(setup, 1, INTERVAL_MS), [0]);
});

Deno.test("Revalidator asks nothing with an interval of 0", async () => {
  using setup = new GuardSetup(0);
  setup.add("ada", "event:1");
  assertEquals(setup.time.next(), false);
  await setup.pass();
  assertEquals(setup.authority.asked, []);
});

Deno.test("Revalidator asks nothing about connections without a session", async () => {
  using setup = new GuardSetup();
  setup.add(null, "event:1");
  await setup.pass();
  assertEquals([setup.authority.asked, setup.guard.members.length], [[], 1]);
});

Deno.test("Revalidator does not ask twice if its clock says that a timer ran early", async () => {
  using setup = new GuardSetup();
  setup.add("ada");
  setup.lateMs = 1;
  await setup.pass();
  assertEquals(await count(setup, 3, INTERVAL_MS / 2), [0, 0, 1]); // a millisecond past the second
  assertEquals(setup.authority.asked.length, 2);
});

Deno.test("Revalidator asks about a few sessions at a time, and about all in the end", async () => {
  using setup = new GuardSetup();
  const held = new Map(Array.from({ length: 10 }, (_, i) => {
    const answer = Promise.withResolvers<unknown>();
    setup.answers.set(`user-${i}`, answer.promise);
    setup.add(`user-${i}`);
    return [`authenticate user-${i} fresh`, answer.resolve];
  }));
  await setup.pass();
  assertEquals(setup.authority.asked.length, 4);
  held.get(setup.authority.asked[2] ?? "")?.({ kind: "authenticated" });
  await setup.time.runMicrotasks();
  assertEquals(setup.authority.asked.length, 5);
  for (const resolve of held.values()) resolve({ kind: "authenticated" });
  await setup.time.runMicrotasks();
  assertEquals(new Set(setup.authority.asked).size, 10);
});

Deno.test("Revalidator does not ask about a session that left while it waited for its turn", async () => {
  using setup = new GuardSetup();
  const held = Promise.withResolvers<unknown>();
  const members = Array.from({ length: 5 }, (_, i) => {
    setup.answers.set(`user-${i}`, held.promise);
    return setup.add(`user-${i}`);
  });
  await setup.pass();
  for (const { connection } of members) connection.end(1001, "gone");
  held.resolve({ kind: "authenticated" });
  await setup.time.runMicrotasks();
  assertEquals(setup.authority.asked.length, 4);
  assertEquals(setup.time.next(), false);
});

Deno.test("Revalidator logs a fault of the authority's, and goes on", async () => {
  using setup = new GuardSetup();
  setup.add("ada");
  const fault = Promise.reject(new Error("a fault of ours"));
  fault.catch(() => {});
  setup.answers.set("ada", fault);
  await setup.pass();
  assertEquals(setup.logger.of("error").map(({ message }) => message), [
    "session could not be checked again",
  ]);
  setup.answers.clear();
  await setup.pass();
  assertEquals(setup.metrics.revalidations, ["ok"]);
});
