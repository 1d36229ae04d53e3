/**
 * When sessions are revalidated.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { INTERVAL_MS, RevalidatorSetup } from "./revalidator_setup.ts";

Deno.test("Revalidator checks a session once, not once per connection", async () => {
  using setup = new RevalidatorSetup();
  for (let i = 0; i < 3; i++) setup.add("ada");
  await setup.pass();
  assertEquals(setup.authority.asked, ["authenticate ada fresh"]);
  assertEquals(setup.metrics.revalidations, ["ok"]);
});

Deno.test("Revalidator checks a session once per interval", async () => {
  using setup = new RevalidatorSetup();
  setup.add("ada");
  setup.add("bob");
  assertEquals(await setup.passAndCount(5, INTERVAL_MS), [2, 2, 2, 2, 2]);
});

Deno.test("Revalidator checks a session, and then each of its topics once", async () => {
  using setup = new RevalidatorSetup();
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
  Deno.test(`Revalidator spreads ${sessions} sessions that connected at once over the interval`, async () => {
    using setup = new RevalidatorSetup();
    for (let i = 0; i < sessions; i++) setup.add(`user-${i}`);
    for (let interval = 0; interval < 3; interval++) {
      const counts = await setup.passAndCount(10, INTERVAL_MS / 10);
      assertEquals(counts.reduce((sum, count) => sum + count), sessions);
      assertLessOrEqual(Math.max(...counts), sessions / 10 + 2);
      assertGreaterOrEqual(Math.min(...counts), sessions / 10 - 2);
    }
  });
}

Deno.test("Revalidator spreads sessions that connect one by one over the interval", async () => {
  using setup = new RevalidatorSetup();
  const each = 100;
  for (let i = 0; i < each; i++) {
    setup.add(`user-${i}`);
    setup.time.tick(37);
  }
  await setup.passAndCount(100, INTERVAL_MS / 100);
  const counts = await setup.passAndCount(10, INTERVAL_MS / 10);
  assertEquals(counts.reduce((sum, count) => sum + count), each);
  assertLessOrEqual(Math.max(...counts), each / 10 + 2);
});

Deno.test("Revalidator checks a session within an interval of its connecting", async () => {
  using setup = new RevalidatorSetup();
  for (let i = 0; i < 50; i++) {
    const monitored = setup.add(`user-${i}`);
    await setup.pass();
    assert(setup.authority.asked.includes(`authenticate user-${i} fresh`), `user-${i}`);
    monitored.connection.end(1001, "gone");
    setup.time.tick(1_234);
  }
});

Deno.test("Revalidator does not check sessions that have ended", async () => {
  using setup = new RevalidatorSetup();
  const [first, second] = [setup.add("ada"), setup.add("ada")];
  first.connection.end(1001, "gone");
  assertEquals(await setup.passAndCount(1, INTERVAL_MS), [1]);
  second.connection.end(1001, "gone");
  assertEquals([setup.revalidator.connections, setup.revalidator.sessions, setup.time.next()], [
    [],
    [],
    false,
  ]);
  assertEquals(await setup.passAndCount(1, INTERVAL_MS), [0]);
});

Deno.test("Revalidator checks nothing with an interval of 0", async () => {
  using setup = new RevalidatorSetup(0);
  setup.add("ada", "event:1");
  assertEquals(setup.time.next(), false);
  await setup.pass();
  assertEquals(setup.authority.asked, []);
});

Deno.test("Revalidator does not check connections without a session", async () => {
  using setup = new RevalidatorSetup();
  setup.add(null, "event:1");
  await setup.pass();
  assertEquals([setup.authority.asked, setup.revalidator.connections.length], [[], 1]);
});

Deno.test("Revalidator does not check twice if a timer fires early by its clock", async () => {
  using setup = new RevalidatorSetup();
  setup.add("ada");
  setup.lateMs = 1;
  await setup.pass();
  assertEquals(await setup.passAndCount(3, INTERVAL_MS / 2), [0, 0, 1]); // a millisecond past the second
  assertEquals(setup.authority.asked.length, 2);
});

Deno.test("Revalidator checks 256 sessions at a time, and all of them in the end", async () => {
  using setup = new RevalidatorSetup();
  const held = Array.from({ length: 300 }, (_, i) => {
    const answer = Promise.withResolvers<unknown>();
    setup.answers.set(`user-${i}`, answer.promise);
    setup.add(`user-${i}`);
    return answer;
  });
  await setup.pass();
  assertEquals(setup.authority.asked.length, 256);
  for (const { resolve } of held) resolve({ kind: "authenticated" });
  await setup.time.runMicrotasks();
  assertEquals(new Set(setup.authority.asked).size, 300);
});

Deno.test("Revalidator does not check a session that ended while it was queued", async () => {
  using setup = new RevalidatorSetup();
  const held = Promise.withResolvers<unknown>();
  const monitored = Array.from({ length: 257 }, (_, i) => {
    setup.answers.set(`user-${i}`, held.promise);
    return setup.add(`user-${i}`);
  });
  await setup.pass();
  for (const { connection } of monitored) connection.end(1001, "gone");
  held.resolve({ kind: "authenticated" });
  await setup.time.runMicrotasks();
  assertEquals(setup.authority.asked.length, 256);
  assertEquals(setup.time.next(), false);
});

Deno.test("Revalidator logs an authority that rejects, and continues", async () => {
  using setup = new RevalidatorSetup();
  setup.add("ada");
  const fault = Promise.reject(new Error("a bug"));
  fault.catch(() => {});
  setup.answers.set("ada", fault);
  await setup.pass();
  assertEquals(setup.logger.of("error").map(({ message }) => message), [
    "session could not be revalidated",
  ]);
  setup.answers.clear();
  await setup.pass();
  assertEquals(setup.metrics.revalidations, ["ok"]);
});

Deno.test("Revalidator reports how long the longest overdue session has waited", async () => {
  using setup = new RevalidatorSetup();
  const held = Promise.withResolvers<unknown>();
  setup.add("ada"); // is due at the start of each interval
  setup.add("bob"); // 37,082 ms later
  setup.answers.set("ada", held.promise);
  for (const ms of [37_083, 22_917, 37_083]) await setup.pass(ms);
  assertEquals(setup.metrics.lags.map(Math.floor), [0, 0, 0, 37_082, 37_083]);
  held.resolve({ kind: "authenticated" });
  await setup.time.runMicrotasks();
  assertEquals(setup.metrics.lags.at(-1), 0);
});

Deno.test("Revalidator warns once a minute while a session waits for more than two intervals", async () => {
  using setup = new RevalidatorSetup(10_000);
  setup.add("ada");
  setup.add("bob");
  setup.answers.set("ada", new Promise(() => {}));
  await setup.passAndCount(3, 10_000);
  assertEquals(setup.logger.of("warn"), []);
  await setup.passAndCount(5, 10_000);
  assertEquals(setup.logger.of("warn"), [{
    level: "warn",
    message: "sessions are revalidated too late",
    fields: { reason: "Directus answers too slowly" },
  }]);
});
