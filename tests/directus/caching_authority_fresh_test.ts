/**
 * Tests of fresh questions, which the cache must not answer, and of forgetting answers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CachingSetup, QUESTIONS, UNAVAILABLE } from "./caching_setup.ts";

for (const { verb, topic, key, yes, no } of QUESTIONS) {
  const name = `CachingAuthority.${verb}()`;

  Deno.test(`${name} asks a fresh question even if the answer is cached`, async () => {
    const setup = new CachingSetup();
    await setup.ask("ada", topic);
    assertEquals(await setup.askFresh("ada", topic), yes.kind);
    assertEquals(setup.asked, [`${verb} ${key}`, `${verb} ${key} fresh`]);
    assertEquals(setup.metrics.avoidedCalls, { cache: 0, coalesced: 0, batched: 0 });
  });

  Deno.test(`${name} asks a fresh question even if the same one is in flight`, async () => {
    const setup = new CachingSetup();
    const held = setup.hold(key);
    const earlier = [setup.ask("ada", topic), setup.askFresh("ada", topic)];
    setup.answers.set(key, no);
    assertEquals(await setup.askFresh("ada", topic), no.kind);
    held.resolve(yes);
    assertEquals(await Promise.all(earlier), [yes.kind, yes.kind]);
    assertEquals(setup.asked.length, 3);
  });

  Deno.test(`${name} caches a fresh answer`, async () => {
    const setup = new CachingSetup();
    await setup.ask("ada", topic);
    setup.answers.set(key, no);
    await setup.askFresh("ada", topic);
    setup.answers.delete(key);
    assertEquals([await setup.ask("ada", topic), setup.asked.length], [no.kind, 2]);
  });

  Deno.test(`${name} does not replace a fresh answer by one to an earlier question`, async () => {
    const setup = new CachingSetup();
    const [held, first] = [setup.hold(key), setup.ask("ada", topic)];
    const [heldFresh, second] = [setup.hold(key), setup.askFresh("ada", topic)];
    setup.answers.set(key, no);
    await setup.askFresh("ada", topic);
    held.resolve(yes);
    heldFresh.resolve(yes);
    assertEquals(await Promise.all([first, second]), [yes.kind, yes.kind]);
    assertEquals([await setup.ask("ada", topic), setup.asked.length], [no.kind, 3]);
  });

  Deno.test(`${name} keeps the cached answer if the fresh question is unavailable`, async () => {
    const setup = new CachingSetup();
    await setup.ask("ada", topic);
    setup.answers.set(key, UNAVAILABLE);
    assertEquals(await setup.askFresh("ada", topic), "unavailable");
    assertEquals([await setup.ask("ada", topic), setup.asked.length], [yes.kind, 2]);
  });

  Deno.test(`CachingAuthority.forget() drops answers of ${verb}() about one user`, async () => {
    const setup = new CachingSetup();
    for (const user of ["ada", "bob"]) {
      await setup.ask(user);
      await setup.ask(user, topic);
    }
    const before = setup.asked.length;
    setup.cache.forget({ user: ["ada"] });
    await setup.ask("bob", topic);
    assertEquals(setup.asked.length, before);
    await setup.ask("ada", topic);
    assertEquals(setup.asked.slice(before), [`${verb} ${key}`]);
  });

  for (const fresh of [false, true]) {
    Deno.test(`CachingAuthority.forget() prevents caching of ${verb}() in flight, fresh: ${fresh}`, async () => {
      const setup = new CachingSetup();
      const held = setup.hold(key);
      const earlier = setup.ask("ada", topic, fresh);
      setup.cache.forget({ user: ["ada"] });
      held.resolve(yes);
      assertEquals(await earlier, yes.kind);
      setup.answers.set(key, no);
      assertEquals(await setup.ask("ada", topic), no.kind);
    });
  }
}

Deno.test("CachingAuthority.forget() drops rights of sessions whose user is unknown", async () => {
  const setup = new CachingSetup();
  await setup.ask("ada", "event:1");
  setup.cache.forget({ user: ["ada"] });
  await setup.ask("ada", "event:1");
  assertEquals(setup.asked.length, 2);
});

for (
  const [revoked, asked] of [
    ["event:1", ["event:1"]],
    ["event:*", ["event:1", "event:2"]],
    ["event:01", ["event:1"]],
    ["news:1", []],
  ] as const
) {
  Deno.test(`CachingAuthority.forget() drops rights to ${revoked}, and no others`, async () => {
    const setup = new CachingSetup();
    const topics = ["event:1", "event:2", "events:1"];
    for (const topic of [undefined, ...topics]) await setup.ask("ada", topic);
    const before = setup.asked.length;
    setup.cache.forget({ topic: revoked });
    for (const topic of [undefined, ...topics]) await setup.ask("ada", topic);
    assertEquals(setup.asked.slice(before), asked.map((topic) => `authorise ada ${topic}`));
  });
}

Deno.test("CachingAuthority.forget() keeps later questions from sharing one in flight", async () => {
  const setup = new CachingSetup();
  const held = setup.hold("ada event:1");
  const earlier = setup.ask("ada", "event:1");
  setup.cache.forget({ topic: "event:1" });
  setup.answers.set("ada event:1", { kind: "forbidden" });
  assertEquals(await setup.ask("ada", "event:1"), "forbidden");
  held.resolve({ kind: "allowed" });
  assertEquals([await earlier, await setup.ask("ada", "event:1")], ["allowed", "forbidden"]);
});
