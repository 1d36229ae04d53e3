/**
 * Tests of the answers to a client for each answer of the authority, and when it or the topic cannot be
 * reached.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { messageOf } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { COOKIE, SessionSetup, UNAVAILABLE } from "./setup.ts";

const FORBIDDEN = '"code":"forbidden","message":"Not allowed to listen to this topic"';
const UNREADABLE = new BrokerUnavailable("Redis: gone", 2_000);

Deno.test("Session.handle() asks whether this session may subscribe to this topic", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  await setup.ask("event:a:b");
  await setup.unsubscribe("event:a:b"); // needs no right
  const topic = { name: "event:a:b", prefix: "event", id: "a:b" };
  assertEquals(setup.authority.asked, [[COOKIE, topic]]);
  assertEquals(setup.outline, ["subscribed event:a:b", "unsubscribed event:a:b"]);
});

for (const hasAuthority of [false, true]) {
  Deno.test(`Session.handle() allows a client without a cookie a topic: ${!hasAuthority}`, async () => {
    await using setup = new SessionSetup({ hasAuthority, cookie: null });
    await setup.subscribe("a:1");
    const expected = hasAuthority ? "error a:1 forbidden" : "subscribed a:1";
    assertEquals([setup.outline, setup.authority.asked], [[expected], []]);
  });
}

for (
  const [answer, refusal] of [
    ["forbidden", FORBIDDEN],
    [UNAVAILABLE, '"code":"unavailable","message":"Directus could not be asked; try again"'],
  ] as const
) {
  const kind = typeof answer === "string" ? answer : answer.kind;

  Deno.test(`Session.handle() refuses a topic that is ${kind}, and keeps nothing of it`, async () => {
    await using setup = new SessionSetup({ hasAuthority: true, maxTopics: 1 });
    await setup.ask("a:1", answer, "1");
    await setup.hub.publish("a:1", 1);
    const retry = kind === "unavailable" ? ',"retryAfterMs":250' : "";
    assertEquals(setup.socket.frames, [
      `{"type":"error",${refusal},"id":"1","topic":"a:1"${retry}}`,
    ]);
    assertEquals([setup.connection.ended, setup.hub.broker.calls], [false, []]);
    await setup.ask("b:1"); // within the limit
    assertEquals(setup.outline.slice(1), ["subscribed b:1"]);
  });
}

Deno.test("Session.handle() ends a subscription that is forbidden when the client repeats it", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  await setup.ask("a:1");
  const handled = setup.subscribe("a:1", "2");
  await Promise.resolve();
  await setup.hub.publish("a:1", 1); // is still sent
  setup.authority.answer("a:1", "forbidden");
  await handled;
  await setup.hub.publish("a:1", 2);
  assertEquals(setup.socket.frames.slice(1), [
    messageOf("a:1", 1, 1),
    `{"type":"error",${FORBIDDEN},"id":"2","topic":"a:1"}`,
    '{"type":"unsubscribed","topic":"a:1","reason":"forbidden"}',
  ]);
  assertEquals(setup.counts, [0, 0]);
});

Deno.test("Session.handle() keeps a subscription if the repeated question is unavailable", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  await setup.ask("a:1");
  await setup.ask("a:1", UNAVAILABLE);
  await setup.hub.publish("a:1", 1);
  assertEquals(setup.outline.slice(1), ["error a:1 unavailable", "message a:1"]);
});

Deno.test("Session.handle() closes with 4401 if the session is no longer good", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  await setup.ask("a:1");
  await setup.ask("b:1", "unauthorized", "2");
  await setup.hub.publish("a:1", 1);
  assertEquals(setup.socket.frames.slice(1), [
    '{"type":"error","code":"forbidden","message":"The session is no longer good","id":"2",' +
    '"topic":"b:1","retryAfterMs":1000}',
  ]);
  assertEquals(setup.socket.closes, [[4401, "session is no longer good"]]);
  assertEquals([setup.connection.ended, setup.counts], [true, [0, 0]]);
});

Deno.test("Session.handle() says when to retry if the topic cannot be read, and keeps others", async () => {
  await using setup = new SessionSetup({ maxTopics: 2 });
  const { hub } = setup;
  await setup.subscribe("a:1");
  hub.broker.hold();
  const handled = setup.subscribe("b:1", "1");
  await turn();
  hub.broker.letGo(UNREADABLE);
  await handled;
  await hub.publish("a:1", 1);
  assertEquals(setup.socket.frames.slice(1), [
    '{"type":"error","code":"unavailable","message":"The topic cannot be read now; try again",' +
    '"id":"1","topic":"b:1","retryAfterMs":2000}',
    messageOf("a:1", 1, 1),
  ]);
  assertEquals([setup.connection.ended, setup.counts], [false, [1, 1]]);

  await setup.subscribe("b:1", "2"); // within the limit, and can be read again
  await hub.publish("b:1", 1);
  assertEquals(setup.outline.slice(3), ["subscribed b:1 2", "message b:1"]);
});

Deno.test("Session.handle() rejects if the topic fails to open for another reason, and continues", async () => {
  await using setup = new SessionSetup({ maxTopics: 1 });
  setup.hub.broker.hold();
  const rejected = assertRejects(() => setup.subscribe("a:1", "1"), TypeError, "a bug");
  await turn();
  setup.hub.broker.letGo(new TypeError("a bug"));
  await rejected;
  await setup.subscribe("a:1", "2");
  assertEquals(setup.outline, ["subscribed a:1 2"]);
});

Deno.test("Session.handle() rejects if the authority does, and continues", async () => {
  await using setup = new SessionSetup({ hasAuthority: true, maxTopics: 1 });
  const failed = setup.subscribe("a:1", "1");
  const queued = setup.subscribe("a:1", "2");
  await turn();
  setup.authority.fail("a:1", new Error("a bug"));
  await assertRejects(() => failed, Error, "a bug");
  await turn();
  setup.authority.answer("a:1", "allowed");
  await queued;
  assertEquals(setup.outline, ["subscribed a:1 2"]);
});
