/**
 * Tests of questions that the shield must not answer from memory, and of what it forgets.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Authentication, Authorisation } from "../../live/domain/authority.ts";
import { userOf } from "../support/authorities.ts";
import { ShieldSetup } from "./shield_fixtures.ts";

const UNAVAILABLE = { kind: "unavailable", reason: "down", retryAfterMs: 1 } as const;

for (const [verb, topic] of [["authenticate", undefined], ["authorise", "event:1"]] as const) {
  const name = `${verb}()`;
  const key = topic === undefined ? "ada" : `ada ${topic}`;
  const yes: Authentication | Authorisation = topic === undefined
    ? { kind: "authenticated", user: userOf("ada") }
    : { kind: "allowed" };
  const no: Authentication | Authorisation = topic === undefined
    ? { kind: "unauthorized" }
    : { kind: "forbidden" };

  Deno.test(`Shield.${name} asks a fresh question though the answer is known, and says so`, async () => {
    const setup = new ShieldSetup();
    await setup.ask("ada", topic);
    assertEquals(await setup.askAgain("ada", topic), yes.kind);
    assertEquals(setup.asked, [`${verb} ${key}`, `${verb} ${key} fresh`]);
    assertEquals(setup.metrics.sparedBy, { cache: 0, coalesced: 0, batched: 0 });
  });

  Deno.test(`Shield.${name} asks a fresh question though the same is under way`, async () => {
    const setup = new ShieldSetup();
    const held = setup.hold(key);
    const former = [setup.ask("ada", topic), setup.askAgain("ada", topic)];
    setup.answers.set(key, no);
    assertEquals(await setup.askAgain("ada", topic), no.kind);
    held.resolve(yes);
    assertEquals(await Promise.all(former), [yes.kind, yes.kind]);
    assertEquals(setup.asked.length, 3);
  });

  Deno.test(`Shield.${name} gives a fresh answer to who asks afterwards`, async () => {
    const setup = new ShieldSetup();
    await setup.ask("ada", topic);
    setup.answers.set(key, no);
    await setup.askAgain("ada", topic);
    setup.answers.delete(key);
    assertEquals(await setup.ask("ada", topic), no.kind);
    assertEquals(setup.asked.length, 2);
  });

  Deno.test(`Shield.${name} lets no older answer take the place of a fresh one`, async () => {
    const setup = new ShieldSetup();
    const [ordinary, fresh] = [setup.hold(key), setup.ask("ada", topic)];
    const older = setup.hold(key);
    const late = setup.askAgain("ada", topic);
    setup.answers.set(key, no);
    await setup.askAgain("ada", topic);
    ordinary.resolve(yes);
    older.resolve(yes);
    assertEquals(await Promise.all([fresh, late]), [yes.kind, yes.kind]);
    assertEquals(await setup.ask("ada", topic), no.kind);
    assertEquals(setup.asked.length, 3);
  });

  Deno.test(`Shield.${name} keeps what it knows if a fresh question has no answer`, async () => {
    const setup = new ShieldSetup();
    await setup.ask("ada", topic);
    setup.answers.set(key, UNAVAILABLE);
    assertEquals(await setup.askAgain("ada", topic), "unavailable");
    assertEquals(await setup.ask("ada", topic), yes.kind);
    assertEquals(setup.asked.length, 2);
  });

  Deno.test(`Shield.forget() has ${name} ask again, but for other users`, async () => {
    const setup = new ShieldSetup();
    for (const user of ["ada", "bob"]) {
      await setup.ask(user);
      await setup.ask(user, topic);
    }
    const before = setup.asked.length;
    setup.forget("ada");
    await setup.ask("bob", topic);
    assertEquals(setup.asked.length, before);
    await setup.ask("ada", topic);
    assertEquals(setup.asked.slice(before), [`${verb} ${key}`]);
  });

  for (const fresh of [false, true]) {
    Deno.test(`Shield.forget() keeps no answer to ${fresh ? "fresh " : ""}${name} under way`, async () => {
      const setup = new ShieldSetup();
      const held = setup.hold(key);
      const former = setup.ask("ada", topic, { fresh });
      setup.forget("ada");
      held.resolve(yes);
      assertEquals(await former, yes.kind);
      setup.answers.set(key, no);
      assertEquals(await setup.ask("ada", topic), no.kind);
    });
  }
}

Deno.test("Shield.forget() forgets rights of a session whose user it no longer knows", async () => {
  const setup = new ShieldSetup();
  await setup.ask("ada", "event:1");
  setup.forget("ada");
  await setup.ask("ada", "event:1");
  assertEquals(setup.asked.length, 2);
});

Deno.test("Shield grants no right from memory once a fresh answer says that the session is over", async () => {
  const setup = new ShieldSetup();
  await setup.ask("ada", "event:1");
  setup.answers.set("ada", { kind: "unauthorized" });
  await setup.askAgain("ada");
  await setup.ask("ada", "event:1");
  assertEquals(setup.asked.length, 3);
});
