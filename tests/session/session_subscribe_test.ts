/**
 * Subscribing and unsubscribing, and the limit of topics.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { messageOf } from "../support/fake_client.ts";
import { SessionSetup } from "./setup.ts";

Deno.test("Session.handle() answers a subscription with the snapshot, and live messages follow", async () => {
  await using setup = new SessionSetup();
  const { hub, socket } = setup;
  const [position] = await hub.publishAll({ topic: "a:1", key: "x", data: 1 });
  assert(position);
  await setup.subscribe("a:1", "7");
  await hub.publish("a:1", 2);
  assertEquals(socket.frames, [
    `{"type":"subscribed","topic":"a:1","id":"7","epoch":"${position.epoch}","offset":1,` +
    `"recovered":false,"messages":[{"type":"message","topic":"a:1","offset":1,"key":"x","data":1}]}`,
    messageOf("a:1", 2, 2),
  ]);
});

Deno.test("Session.handle() answers a request without an id with no id", async () => {
  await using setup = new SessionSetup();
  const [position] = await setup.hub.publish("a:1", 1);
  await setup.subscribe("a:1");
  assertEquals(setup.socket.frames, [
    `{"type":"subscribed","topic":"a:1","epoch":"${position?.epoch}","offset":1,` +
    `"recovered":false,"messages":[]}`,
  ]);
});

Deno.test("Session.handle() answers a subscription with `since` with the missed messages", async () => {
  await using setup = new SessionSetup();
  const [position] = await setup.hub.publish("a:1", 1, 2);
  assert(position);
  const since = { epoch: position.epoch, offset: 1 };
  await setup.session.handle({ type: "subscribe", topic: "a:1", since });
  assertEquals(setup.socket.frames, [
    `{"type":"subscribed","topic":"a:1","epoch":"${position.epoch}","offset":2,` +
    `"recovered":true,"messages":[{"type":"message","topic":"a:1","offset":2,"data":2}]}`,
  ]);
});

Deno.test("Session.handle() ends a subscription", async () => {
  await using setup = new SessionSetup();
  await setup.subscribe("a:1");
  await setup.unsubscribe("a:1", "8");
  await setup.hub.publish("a:1", 1);
  assertEquals(setup.socket.frames.slice(1), ['{"type":"unsubscribed","topic":"a:1","id":"8"}']);
  assertEquals(setup.counts, [0, 0]);
});

Deno.test("Session.handle() confirms the end of a subscription that does not exist", async () => {
  await using setup = new SessionSetup();
  await setup.unsubscribe("a:1");
  assertEquals(setup.socket.frames, ['{"type":"unsubscribed","topic":"a:1"}']);
});

Deno.test("Session.handle() answers a repeated subscription, and keeps a single one", async () => {
  await using setup = new SessionSetup();
  await setup.subscribe("a:1", "1");
  await setup.subscribe("a:1", "2");
  await setup.hub.publish("a:1", 1);
  assertEquals(setup.outline, ["subscribed a:1 1", "subscribed a:1 2", "message a:1"]);
  assertEquals(setup.counts, [1, 1]);
  await setup.unsubscribe("a:1", "3");
  await setup.hub.publish("a:1", 2);
  assertEquals(setup.outline.slice(3), ["unsubscribed a:1 3"]);
});

Deno.test("Session.handle() refuses a topic beyond the limit", async () => {
  await using setup = new SessionSetup({ maxTopics: 2 });
  for (const topic of ["a:1", "b:1", "c:1"]) await setup.subscribe(topic, topic);
  assertEquals(
    setup.socket.frames[2],
    '{"type":"error","code":"limit","message":"Too many topics: at most 2","id":"c:1",' +
      '"topic":"c:1"}',
  );
  assertEquals(setup.hub.broker.calls, ["open a:1", "open b:1"]);
  assertEquals([setup.socket.frames.length, setup.connection.ended], [3, false]);
});

Deno.test("Session.handle() at the limit accepts subscribed topics, and new ones after an unsubscribe", async () => {
  await using setup = new SessionSetup({ maxTopics: 1 });
  await setup.subscribe("a:1", "1");
  await setup.subscribe("a:1", "2");
  await setup.unsubscribe("a:1", "3");
  await setup.subscribe("b:1", "4");
  assertEquals(setup.outline, [
    "subscribed a:1 1",
    "subscribed a:1 2",
    "unsubscribed a:1 3",
    "subscribed b:1 4",
  ]);
});

for (const type of ["subscribe", "unsubscribe"] as const) {
  for (const topic of ["", "a", "a:", "a:.", "a:..", "a:x/y", "a:%31", ":1", "a b:1", "a:\n"]) {
    Deno.test(`Session.handle() refuses to ${type} ${JSON.stringify(topic)}`, async () => {
      await using setup = new SessionSetup({ hasAuthority: true });
      await setup.session.handle({ type, topic, id: "1" });
      assertEquals(setup.socket.frames, [
        '{"type":"error","code":"bad-topic","message":"Invalid topic name","id":"1",' +
        `"topic":${JSON.stringify(topic)}}`,
      ]);
      assertEquals([setup.authority.asked, setup.hub.broker.calls], [[], []]);
    });
  }
}

Deno.test("Session.end() ends all subscriptions", async () => {
  await using setup = new SessionSetup();
  const topics = ["a:1", "b:1", "c:1"];
  for (const topic of topics) await setup.subscribe(topic);
  setup.connection.end(1001, "gone");
  for (const topic of topics) await setup.hub.publish(topic, 1);
  assertEquals([setup.socket.frames.length, setup.counts], [3, [0, 0]]);
});

Deno.test("Session.end() leaves other clients' subscriptions alone, and may be called again", async () => {
  await using setup = new SessionSetup();
  const other = await setup.hub.join("a:1");
  await setup.subscribe("a:1");
  setup.session.end();
  setup.session.end();
  await setup.hub.publish("a:1", 1);
  assertEquals([other.socket.frames, setup.counts], [[messageOf("a:1", 1, 1)], [1, 1]]);
});

Deno.test("Session.handle() does nothing once the connection has ended", async () => {
  await using setup = new SessionSetup();
  setup.connection.end(1001, "gone");
  await setup.subscribe("a:1");
  await setup.unsubscribe("a:1");
  await setup.subscribe("a:.");
  assertEquals([setup.socket.frames, setup.hub.broker.calls], [[], []]);
});

Deno.test("Session.handle() leaves nothing behind if the answer breaks the socket", async () => {
  await using setup = new SessionSetup();
  setup.socket.broken = true;
  await setup.subscribe("a:1");
  assertEquals([setup.connection.ended, setup.counts], [true, [0, 0]]);
});
