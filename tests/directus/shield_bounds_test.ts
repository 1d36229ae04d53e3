/**
 * The shield: what it forgets, how much it keeps, and what it keeps it by.
 *
 * @module
 */

import { assertEquals, assertNotMatch } from "@std/assert";
import { createShield } from "../../live/directus/shield.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { fakeAuthority, userOf } from "../support/authorities.ts";
import { RecordingMetrics } from "../support/recorders.ts";
import { ShieldSetup, TTL_MS } from "./shield_fixtures.ts";

Deno.test("Shield.authorise() drops who a session is, once it is over", async () => {
  const setup = new ShieldSetup();
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

Deno.test("Shield.authorise() drops who a session is, even while that is asked", async () => {
  const setup = new ShieldSetup();
  const { promise, resolve } = Promise.withResolvers<never>();
  setup.answers.set("ada", promise);
  const asked = setup.ask("ada");
  setup.answers.set("ada event:1", { kind: "unauthorized" });
  await setup.ask("ada", "event:1");
  resolve({ kind: "authenticated", user: userOf("ada") } as never);
  assertEquals(await asked, "authenticated");
  setup.answers.set("ada", { kind: "unauthorized" });
  assertEquals(await setup.ask("ada"), "unauthorized");
});

Deno.test("Shield keeps a newer answer when nobody could be asked for an older one", async () => {
  const setup = new ShieldSetup();
  const { promise, resolve } = Promise.withResolvers<never>();
  setup.answers.set("ada", promise);
  const older = setup.ask("ada");
  setup.answers.set("ada event:1", { kind: "unauthorized" });
  await setup.ask("ada", "event:1");
  setup.answers.delete("ada");
  assertEquals(await setup.ask("ada"), "authenticated");
  resolve({ kind: "unavailable", reason: "out", retryAfterMs: 1 } as never);
  assertEquals(await older, "unavailable");
  await setup.ask("ada");
  assertEquals(setup.asked.length, 3);
});

Deno.test("Shield.authenticate() drops a session's rights, once it is over", async () => {
  const setup = new ShieldSetup();
  await setup.ask("ada", "event:1");
  await setup.ask("bob", "event:1");
  setup.answers.set("ada", { kind: "unauthorized" });
  await setup.ask("ada");
  setup.answers.set("ada event:1", { kind: "unauthorized" });
  assertEquals(await setup.ask("ada", "event:1"), "unauthorized");
  assertEquals(await setup.ask("bob", "event:1"), "allowed");
  assertEquals(setup.asked, [
    "authorise ada event:1",
    "authorise bob event:1",
    "authenticate ada",
    "authorise ada event:1",
  ]);
});

Deno.test("Shield asks once at a time even about a session that is over", async () => {
  const setup = new ShieldSetup();
  setup.answers.set("ada", { kind: "unauthorized" });
  await setup.ask("ada");
  await Promise.all([setup.ask("ada", "event:1"), setup.ask("ada", "event:1")]);
  assertEquals(setup.asked.length, 2);
});

Deno.test("Shield keeps so many answers, and the oldest goes", async () => {
  const setup = new ShieldSetup({ maxEntries: 3 });
  for (const name of ["a", "b", "c"]) await setup.ask(name);
  for (const name of ["a", "b", "c"]) await setup.ask(name);
  assertEquals(setup.asked.length, 3);
  await setup.ask("a", "event:1");
  for (const name of ["b", "c"]) await setup.ask(name);
  assertEquals(setup.asked.length, 4);
  await setup.ask("a"); // the oldest: it is gone, and b goes for it
  await setup.ask("c");
  assertEquals(setup.asked.length, 5);
  await setup.ask("b");
  assertEquals(setup.asked.length, 6);
});

Deno.test("Shield counts an answer that was asked for again as new", async () => {
  const setup = new ShieldSetup({ maxEntries: 2 });
  await setup.ask("a");
  await setup.ask("b");
  setup.now = TTL_MS;
  await setup.ask("a");
  setup.now += TTL_MS - 1;
  await setup.ask("c"); // b goes, as it is older
  await setup.ask("a");
  assertEquals(setup.asked.map((question) => question.at(-1)).join(""), "abac");
});

Deno.test("Shield passes on who is asked about, with the cookie that was given", async () => {
  let header = "";
  const shield = createShield(
    fakeAuthority({
      authenticate(cookie) {
        header = cookie.header();
        return Promise.resolve({ kind: "unauthorized" });
      },
    }),
    { ttlMs: 1, metrics: new RecordingMetrics() },
  );
  await shield.authenticate(new SessionCookie("session", "s3cr3t"));
  assertEquals(header, "session=s3cr3t");
});

Deno.test("Shield has no cookie's value in its keys", async () => {
  const keys: unknown[] = [];
  const set = Map.prototype.set;
  Map.prototype.set = function (key: unknown, value: unknown) {
    keys.push(key);
    return set.call(this, key, value);
  };
  try {
    const setup = new ShieldSetup();
    await setup.ask("s3cr3t-value");
    await setup.ask("s3cr3t-value", "event:1");
  } finally {
    Map.prototype.set = set;
  }
  assertEquals(keys.length >= 2, true);
  assertNotMatch(JSON.stringify(keys), /s3cr3t/);
});
