/**
 * Which questions reach the authority, how long an answer is reused, and how many are kept.
 *
 * @module
 */

import { assertEquals, assertNotMatch, assertRejects } from "@std/assert";
import { CachingSetup, QUESTIONS, TTL_MS, UNAVAILABLE } from "./caching_setup.ts";

for (const { verb, topic, key, yes, no } of QUESTIONS) {
  const name = `CachingAuthority.${verb}()`;

  Deno.test(`${name} asks once for concurrent questions`, async () => {
    const setup = new CachingSetup();
    const kinds = await Promise.all([1, 2, 3].map(() => setup.ask("ada", topic)));
    assertEquals([kinds, setup.asked.length], [Array(3).fill(yes.kind), 1]);
    assertEquals(setup.metrics.avoidedCalls, { cache: 0, coalesced: 2, batched: 0 });
  });

  for (const [what, answer] of [["a yes", yes], ["a no", no]] as const) {
    Deno.test(`${name} caches ${what} until its TTL is over, counted from the question`, async () => {
      const setup = new CachingSetup();
      const held = setup.hold(key);
      const asked = setup.ask("ada", topic);
      setup.now = 4_000;
      held.resolve(answer);
      await asked;
      for (const [now, questions] of [[TTL_MS - 1, 1], [TTL_MS, 2]] as const) {
        setup.now = now;
        assertEquals(await setup.ask("ada", topic), answer.kind);
        assertEquals([setup.asked.length, setup.metrics.avoidedCalls.cache], [questions, 1]);
      }
    });
  }

  Deno.test(`${name} with a TTL of 0 shares a question in flight, and caches nothing`, async () => {
    const setup = new CachingSetup({ ttlMs: 0 });
    await Promise.all([setup.ask("ada", topic), setup.ask("ada", topic)]);
    assertEquals(setup.asked.length, 1);
    await setup.ask("ada", topic);
    assertEquals(setup.asked.length, 2);
    assertEquals(setup.metrics.avoidedCalls, { cache: 0, coalesced: 1, batched: 0 });
  });

  Deno.test(`${name} does not cache unavailable`, async () => {
    const setup = new CachingSetup();
    setup.answers.set(key, UNAVAILABLE);
    const both = await Promise.all([setup.ask("ada", topic), setup.ask("ada", topic)]);
    assertEquals(both, ["unavailable", "unavailable"]);
    setup.answers.delete(key);
    assertEquals([await setup.ask("ada", topic), setup.asked.length], [yes.kind, 2]);
  });

  Deno.test(`${name} does not cache a rejection`, async () => {
    const setup = new CachingSetup();
    setup.answers.set(key, Promise.reject(new TypeError("a bug")));
    await assertRejects(() => setup.ask("ada", topic), TypeError, "a bug");
    setup.answers.delete(key);
    assertEquals([await setup.ask("ada", topic), setup.asked.length], [yes.kind, 2]);
  });
}

Deno.test("CachingAuthority distinguishes sessions by the cookie's value, and topics", async () => {
  const setup = new CachingSetup();
  const questions = ["ada", "bob"].flatMap((name) =>
    [undefined, "event:1", "event:2", "news:1"].map((topic) => [name, topic] as const)
  );
  for (let i = 0; i < 2; i++) for (const question of questions) await setup.ask(...question);
  assertEquals([setup.asked.length, setup.metrics.avoidedCalls.cache], [8, 8]);
});

Deno.test("CachingAuthority.authorise() drops the session's user if the session is over", async () => {
  const setup = new CachingSetup();
  await setup.ask("ada");
  await setup.ask("bob");
  setup.answers.set("ada event:1", { kind: "unauthorized" });
  assertEquals(await setup.ask("ada", "event:1"), "unauthorized");
  await setup.ask("ada");
  await setup.ask("bob");
  assertEquals(setup.asked.filter((question) => !question.includes("event")), [
    "authenticate ada",
    "authenticate bob",
    "authenticate ada",
  ]);
});

Deno.test("CachingAuthority.authorise() drops the session's user even while it is asked for", async () => {
  const setup = new CachingSetup();
  const held = setup.hold("ada");
  const asked = setup.ask("ada");
  setup.answers.set("ada event:1", { kind: "unauthorized" });
  await setup.ask("ada", "event:1");
  held.resolve(QUESTIONS[0].yes);
  assertEquals(await asked, "authenticated");
  setup.answers.set("ada", { kind: "unauthorized" });
  assertEquals(await setup.ask("ada"), "unauthorized");
});

Deno.test("CachingAuthority keeps a newer answer if an older question turns out unavailable", async () => {
  const setup = new CachingSetup();
  const held = setup.hold("ada");
  const older = setup.ask("ada");
  setup.answers.set("ada event:1", { kind: "unauthorized" });
  await setup.ask("ada", "event:1");
  setup.answers.delete("ada");
  assertEquals(await setup.ask("ada"), "authenticated");
  held.resolve(UNAVAILABLE);
  assertEquals(await older, "unavailable");
  await setup.ask("ada");
  assertEquals(setup.asked.length, 3);
});

for (const fresh of [false, true]) {
  Deno.test(`CachingAuthority.authenticate(), fresh: ${fresh}, drops rights of a session that is over`, async () => {
    const setup = new CachingSetup();
    await setup.ask("ada", "event:1");
    await setup.ask("bob", "event:1");
    setup.answers.set("ada", { kind: "unauthorized" });
    await setup.ask("ada", undefined, fresh);
    setup.answers.set("ada event:1", { kind: "unauthorized" });
    assertEquals(await setup.ask("ada", "event:1"), "unauthorized");
    assertEquals(await setup.ask("bob", "event:1"), "allowed");
    assertEquals(setup.asked.length, 4);
  });
}

Deno.test("CachingAuthority shares questions in flight even about a session that is over", async () => {
  const setup = new CachingSetup();
  setup.answers.set("ada", { kind: "unauthorized" });
  await setup.ask("ada");
  await Promise.all([setup.ask("ada", "event:1"), setup.ask("ada", "event:1")]);
  assertEquals(setup.asked.length, 2);
});

Deno.test("CachingAuthority drops the oldest answer at maxEntries", async () => {
  const setup = new CachingSetup({ maxEntries: 3 });
  for (const name of ["a", "b", "c", "a", "b", "c"]) await setup.ask(name);
  assertEquals(setup.asked.length, 3);
  await setup.ask("a", "event:1"); // a's user goes
  for (const name of ["b", "c"]) await setup.ask(name);
  assertEquals(setup.asked.length, 4);
  await setup.ask("a"); // b goes
  await setup.ask("c");
  assertEquals(setup.asked.length, 5);
  await setup.ask("b");
  assertEquals(setup.asked.length, 6);
});

Deno.test("CachingAuthority counts a repeated question as new", async () => {
  const setup = new CachingSetup({ maxEntries: 2 });
  await setup.ask("a");
  await setup.ask("b");
  setup.now = TTL_MS;
  await setup.ask("a");
  setup.now += TTL_MS - 1;
  await setup.ask("c"); // b is dropped, as it is older
  await setup.ask("a");
  assertEquals(setup.asked.map((question) => question.at(-1)).join(""), "abac");
});

Deno.test("CachingAuthority has no cookie's value in its keys", async () => {
  const keys: unknown[] = [];
  const set = Map.prototype.set;
  Map.prototype.set = function (key: unknown, value: unknown) {
    keys.push(key);
    return set.call(this, key, value);
  };
  try {
    const setup = new CachingSetup();
    await setup.ask("s3cr3t-value");
    await setup.ask("s3cr3t-value", "event:1");
  } finally {
    Map.prototype.set = set;
  }
  assertEquals(keys.length >= 2, true);
  assertNotMatch(JSON.stringify(keys), /s3cr3t/);
});
