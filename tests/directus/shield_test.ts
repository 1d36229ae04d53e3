/**
 * The shield: which questions reach Directus, and how old an answer may be.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { createShield } from "../../live/directus/shield.ts";
import type { Authorisation } from "../../live/domain/authority.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { fakeAuthority } from "../support/authorities.ts";
import { RecordingMetrics } from "../support/recorders.ts";
import { ShieldSetup, TTL_MS } from "./shield_fixtures.ts";

const UNAVAILABLE = { kind: "unavailable", reason: "out", retryAfterMs: 1 } as const;

for (const [name, topic] of [["authenticate()", undefined], ["authorise()", "event:1"]] as const) {
  Deno.test(`Shield.${name} asks once for who asks at the same time`, async () => {
    const setup = new ShieldSetup();
    const [first] = await Promise.all([1, 2, 3].map(() => setup.ask("ada", topic)));
    assertEquals(first, topic === undefined ? "authenticated" : "allowed");
    assertEquals(setup.asked.length, 1);
    assertEquals(setup.metrics.sparedBy, { cache: 0, coalesced: 2, batched: 0 });
  });

  Deno.test(`Shield.${name} answers from its cache until the TTL is over`, async () => {
    const setup = new ShieldSetup();
    await setup.ask("ada", topic);
    setup.now = TTL_MS - 1;
    await setup.ask("ada", topic);
    assertEquals([setup.asked.length, setup.metrics.sparedBy.cache], [1, 1]);
    setup.now = TTL_MS;
    await setup.ask("ada", topic);
    assertEquals([setup.asked.length, setup.metrics.sparedBy.cache], [2, 1]);
  });

  Deno.test(`Shield.${name} counts an answer's age from when it was asked for`, async () => {
    const setup = new ShieldSetup();
    const { promise, resolve } = Promise.withResolvers<never>();
    setup.answers.set(topic === undefined ? "ada" : `ada ${topic}`, promise);
    const asked = setup.ask("ada", topic);
    setup.now = 4_000;
    resolve({ kind: topic === undefined ? "unauthorized" : "forbidden" } as never);
    await asked;
    setup.now = TTL_MS - 1;
    await setup.ask("ada", topic);
    assertEquals(setup.asked.length, 1);
    setup.now = TTL_MS;
    await setup.ask("ada", topic);
    assertEquals(setup.asked.length, 2);
  });

  Deno.test(`Shield.${name} keeps no answer with a TTL of 0, but asks once at a time`, async () => {
    const setup = new ShieldSetup({ ttlMs: 0 });
    await Promise.all([setup.ask("ada", topic), setup.ask("ada", topic)]);
    assertEquals(setup.asked.length, 1);
    await setup.ask("ada", topic);
    assertEquals(setup.asked.length, 2);
    assertEquals(setup.metrics.sparedBy, { cache: 0, coalesced: 1, batched: 0 });
  });

  Deno.test(`Shield.${name} does not keep that nobody could be asked`, async () => {
    const setup = new ShieldSetup();
    const key = topic === undefined ? "ada" : `ada ${topic}`;
    setup.answers.set(key, UNAVAILABLE);
    const both = await Promise.all([setup.ask("ada", topic), setup.ask("ada", topic)]);
    assertEquals(both, ["unavailable", "unavailable"]);
    setup.answers.delete(key);
    assertEquals((await setup.ask("ada", topic)).startsWith("a"), true);
    assertEquals(setup.asked.length, 2);
  });

  Deno.test(`Shield.${name} does not keep a rejection`, async () => {
    const setup = new ShieldSetup();
    const key = topic === undefined ? "ada" : `ada ${topic}`;
    setup.answers.set(key, Promise.reject(new TypeError("a fault of ours")));
    await assertRejects(() => setup.ask("ada", topic), TypeError, "a fault of ours");
    setup.answers.delete(key);
    await setup.ask("ada", topic);
    assertEquals(setup.asked.length, 2);
  });

  Deno.test(`Shield.${name} keeps a no for as long as a yes`, async () => {
    const setup = new ShieldSetup();
    const kind = topic === undefined ? "unauthorized" : "forbidden";
    setup.answers.set(topic === undefined ? "ada" : `ada ${topic}`, { kind } as Authorisation);
    for (const now of [0, TTL_MS - 1, TTL_MS]) {
      setup.now = now;
      assertEquals(await setup.ask("ada", topic), kind);
    }
    assertEquals(setup.asked.length, 2);
  });

  Deno.test(`Shield.${name} tells sessions apart`, async () => {
    const setup = new ShieldSetup();
    await Promise.all([setup.ask("ada", topic), setup.ask("bob", topic)]);
    await Promise.all([setup.ask("ada", topic), setup.ask("bob", topic)]);
    assertEquals(setup.asked.length, 2);
    assertEquals(setup.metrics.sparedBy, { cache: 2, coalesced: 0, batched: 0 });
  });
}

Deno.test("Shield.authorise() tells topics apart", async () => {
  const setup = new ShieldSetup();
  for (let i = 0; i < 2; i++) {
    for (const topic of ["event:1", "event:2", "news:1"]) await setup.ask("ada", topic);
    await setup.ask("ada");
  }
  assertEquals(setup.asked, [
    "authorise ada event:1",
    "authorise ada event:2",
    "authorise ada news:1",
    "authenticate ada",
  ]);
});

Deno.test("Shield tells users apart by the cookie's value, not by the cookie", async () => {
  const authority = fakeAuthority();
  const metrics = new RecordingMetrics();
  const shield = createShield(authority, { ttlMs: TTL_MS, metrics });
  const users = await Promise.all(
    ["ada", "bob", "ada"].map((value) => shield.authenticate(new SessionCookie("session", value))),
  );
  assertEquals(users.map((answer) => answer.kind === "authenticated" && answer.user.id), [
    "ada",
    "bob",
    "ada",
  ]);
  assertEquals(metrics.sparedBy.coalesced, 1);
});
