/**
 * Tests of what sessions make of the authority's answers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { messageOf } from "../hub/fakes.ts";
import { COOKIE, createSessionBench, outline, type SessionBench } from "./fakes.ts";

const UNAVAILABLE = { kind: "unavailable", reason: "timeout", retryAfterMs: 250 } as const;

/** Subscribes to a topic, which is allowed. */
async function join(setup: SessionBench, topic: string): Promise<void> {
  const handled = setup.subscribe(topic);
  await Promise.resolve();
  setup.authority.answer(topic, "allowed");
  await handled;
}

Deno.test("Session.handle() asks whether this session may listen to this topic", async () => {
  await using setup = createSessionBench({ asks: true });
  await join(setup, "event:a:b");
  const [question, ...more] = setup.authority.asked;
  assertEquals(question, [COOKIE, { name: "event:a:b", prefix: "event", id: "a:b" }]);
  assertEquals([outline(setup.socket), more], [["subscribed event:a:b"], []]);
});

Deno.test("Session.handle() asks nobody to unsubscribe", async () => {
  await using setup = createSessionBench({ asks: true });
  await setup.unsubscribe("a:1");
  assertEquals([outline(setup.socket), setup.authority.asked], [["unsubscribed a:1"], []]);
});

Deno.test("Session.handle() allows everything without an authority", async () => {
  await using setup = createSessionBench({ cookie: null });
  await setup.subscribe("a:1");
  assertEquals(outline(setup.socket), ["subscribed a:1"]);
});

Deno.test("Session.handle() forbids everything without a cookie, and asks nobody", async () => {
  await using setup = createSessionBench({ asks: true, cookie: null });
  await setup.subscribe("a:1");
  assertEquals([outline(setup.socket), setup.authority.asked], [["error a:1 forbidden"], []]);
});

Deno.test("Session.handle() leaves no trace of a forbidden topic", async () => {
  await using setup = createSessionBench({ asks: true, maxTopics: 1 });
  const handled = setup.subscribe("a:1", "1");
  await Promise.resolve();
  setup.authority.answer("a:1", "forbidden");
  await handled;
  await setup.bench.publish("a:1", 1);
  assertEquals(setup.socket.frames, [
    '{"type":"error","code":"forbidden","message":"Not allowed to listen to this topic",' +
    '"id":"1","topic":"a:1"}',
  ]);
  assertEquals([setup.bench.broker.calls, setup.bench.metrics.gauges.topics], [[], undefined]);
  await join(setup, "b:1"); // its place is free
  assertEquals(outline(setup.socket).slice(1), ["subscribed b:1"]);
});

Deno.test("Session.handle() ends a subscription that is forbidden when asked for again", async () => {
  await using setup = createSessionBench({ asks: true });
  await join(setup, "a:1");
  const handled = setup.subscribe("a:1", "2");
  await Promise.resolve();
  await setup.bench.publish("a:1", 1); // meanwhile it goes on
  setup.authority.answer("a:1", "forbidden");
  await handled;
  await setup.bench.publish("a:1", 2);
  assertEquals(setup.socket.frames.slice(1), [
    messageOf("a:1", 1, 1),
    '{"type":"error","code":"forbidden","message":"Not allowed to listen to this topic",' +
    '"id":"2","topic":"a:1"}',
    '{"type":"unsubscribed","topic":"a:1","reason":"forbidden"}',
  ]);
  assertEquals(setup.bench.metrics.gauges.topics, 0);
});

Deno.test("Session.handle() says when to try again if nobody could be asked", async () => {
  await using setup = createSessionBench({ asks: true, maxTopics: 1 });
  const handled = setup.subscribe("a:1", "1");
  await Promise.resolve();
  setup.authority.answer("a:1", UNAVAILABLE);
  await handled;
  assertEquals(setup.socket.frames, [
    '{"type":"error","code":"unavailable","message":"Directus could not be asked; try again",' +
    '"id":"1","topic":"a:1","retryAfterMs":250}',
  ]);
  assertEquals([setup.connection.ended, setup.bench.broker.calls], [false, []]);
  await join(setup, "b:1"); // its place is free
  assertEquals(outline(setup.socket).slice(1), ["subscribed b:1"]);
});

Deno.test("Session.handle() keeps a subscription if nobody could be asked again", async () => {
  await using setup = createSessionBench({ asks: true });
  await join(setup, "a:1");
  const handled = setup.subscribe("a:1");
  await Promise.resolve();
  setup.authority.answer("a:1", UNAVAILABLE);
  await handled;
  await setup.bench.publish("a:1", 1);
  assertEquals(outline(setup.socket).slice(1), ["error a:1 unavailable", "message a:1"]);
});

Deno.test("Session.handle() closes with 4401 if the session is no longer good", async () => {
  await using setup = createSessionBench({ asks: true });
  await join(setup, "a:1");
  const handled = setup.subscribe("b:1", "2");
  await Promise.resolve();
  setup.authority.answer("b:1", "unauthorized");
  await handled;
  await setup.bench.publish("a:1", 1);
  assertEquals(setup.socket.frames.slice(1), [
    '{"type":"error","code":"forbidden","message":"The session is no longer good","id":"2",' +
    '"topic":"b:1","retryAfterMs":1000}',
  ]);
  assertEquals(setup.socket.closes, [[4401, "session is no longer good"]]);
  const { topics, subscriptions } = setup.bench.metrics.gauges;
  assertEquals([setup.connection.ended, topics, subscriptions], [true, 0, 0]);
});
