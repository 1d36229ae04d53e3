/**
 * Tests of what sessions answer where nobody has to be asked.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { messageOf } from "../hub/fakes.ts";
import { createSessionBench, outline } from "./fakes.ts";

Deno.test("Session.handle() answers a subscription with its start", async () => {
  await using setup = createSessionBench();
  const { bench, socket } = setup;
  const [position] = await bench.hub.publish([{ topic: "a:1", key: "x", data: "1" }]);
  assert(position);
  await setup.subscribe("a:1", "7");
  await bench.publish("a:1", 2);
  assertEquals(socket.frames, [
    `{"type":"subscribed","topic":"a:1","id":"7","epoch":"${position.epoch}","offset":1,` +
    `"recovered":false,"messages":[{"type":"message","topic":"a:1","offset":1,"key":"x","data":1}]}`,
    messageOf("a:1", 2, 2),
  ]);
  assertEquals(bench.metrics.sentCounts, { subscribed: 1, message: 1 });
});

Deno.test("Session.handle() answers a subscription without id without one", async () => {
  await using setup = createSessionBench();
  const [position] = await setup.bench.publish("a:1", 1);
  await setup.subscribe("a:1");
  assertEquals(setup.socket.frames, [
    `{"type":"subscribed","topic":"a:1","epoch":"${position?.epoch}","offset":1,` +
    `"recovered":false,"messages":[]}`,
  ]);
});

Deno.test("Session.handle() answers a subscription since a place with what was missed", async () => {
  await using setup = createSessionBench();
  const [position] = await setup.bench.publish("a:1", 1, 2);
  assert(position);
  const since = { epoch: position.epoch, offset: 1 };
  await setup.session.handle({ type: "subscribe", topic: "a:1", since });
  assertEquals(setup.socket.frames, [
    `{"type":"subscribed","topic":"a:1","epoch":"${position.epoch}","offset":2,` +
    `"recovered":true,"messages":[{"type":"message","topic":"a:1","offset":2,"data":2}]}`,
  ]);
});

Deno.test("Session.handle() ends a subscription and says so", async () => {
  await using setup = createSessionBench();
  await setup.subscribe("a:1");
  await setup.unsubscribe("a:1", "8");
  await setup.bench.publish("a:1", 1);
  assertEquals(setup.socket.frames.slice(1), ['{"type":"unsubscribed","topic":"a:1","id":"8"}']);
  const { topics, subscriptions } = setup.bench.metrics.gauges;
  assertEquals([topics, subscriptions], [0, 0]);
});

Deno.test("Session.handle() answers the end of a subscription that is none alike", async () => {
  await using setup = createSessionBench();
  await setup.unsubscribe("a:1");
  assertEquals(setup.socket.frames, ['{"type":"unsubscribed","topic":"a:1"}']);
});

Deno.test("Session.handle() answers a second subscription, which is one all the same", async () => {
  await using setup = createSessionBench();
  await setup.subscribe("a:1", "1");
  await setup.subscribe("a:1", "2");
  await setup.bench.publish("a:1", 1);
  assertEquals(outline(setup.socket), ["subscribed a:1 1", "subscribed a:1 2", "message a:1"]);
  assertEquals(setup.bench.metrics.gauges.subscriptions, 1);
  await setup.unsubscribe("a:1", "3");
  await setup.bench.publish("a:1", 2);
  assertEquals(outline(setup.socket).slice(3), ["unsubscribed a:1 3"]);
});

Deno.test("Session.handle() allows as many topics as the limit, and no more", async () => {
  await using setup = createSessionBench({ maxTopics: 2 });
  for (const topic of ["a:1", "b:1", "c:1"]) await setup.subscribe(topic, topic);
  assertEquals(
    setup.socket.frames[2],
    '{"type":"error","code":"limit","message":"Too many topics: at most 2","id":"c:1",' +
      '"topic":"c:1"}',
  );
  assertEquals(setup.socket.frames.length, 3);
  assertEquals(setup.bench.broker.calls, ["open a:1", "open b:1"]);
  assertEquals(setup.connection.ended, false);
});

Deno.test("Session.handle() at the limit still takes topics that it has", async () => {
  await using setup = createSessionBench({ maxTopics: 1 });
  await setup.subscribe("a:1", "1");
  await setup.subscribe("a:1", "2");
  assertEquals(outline(setup.socket), ["subscribed a:1 1", "subscribed a:1 2"]);
});

Deno.test("Session.handle() at the limit takes another topic for one that was given up", async () => {
  await using setup = createSessionBench({ maxTopics: 1 });
  await setup.subscribe("a:1");
  await setup.unsubscribe("a:1");
  await setup.subscribe("b:1");
  assertEquals(outline(setup.socket), ["subscribed a:1", "unsubscribed a:1", "subscribed b:1"]);
});

for (const type of ["subscribe", "unsubscribe"] as const) {
  for (const topic of ["", "a", "a:", "a:.", "a:..", "a:x/y", "a:%31", ":1", "a b:1", "a:\n"]) {
    Deno.test(`Session.handle() refuses to ${type} ${JSON.stringify(topic)}`, async () => {
      await using setup = createSessionBench({ asks: true });
      await setup.session.handle({ type, topic, id: "1" });
      assertEquals(setup.socket.frames, [
        '{"type":"error","code":"bad-topic","message":"Invalid topic name","id":"1",' +
        `"topic":${JSON.stringify(topic)}}`,
      ]);
      assertEquals([setup.authority.asked, setup.bench.broker.calls], [[], []]);
    });
  }
}

Deno.test("Session.end() ends all subscriptions", async () => {
  await using setup = createSessionBench();
  const { bench, connection, socket } = setup;
  for (const topic of ["a:1", "b:1", "c:1"]) await setup.subscribe(topic);
  connection.end(1001, "gone");
  await bench.hub.publish(["a:1", "b:1", "c:1"].map((topic) => ({ topic, data: "1" })));
  assertEquals(socket.frames.length, 3);
  assertEquals([bench.metrics.gauges.topics, bench.metrics.gauges.subscriptions], [0, 0]);
});

Deno.test("Session.end() leaves the subscriptions of others alone", async () => {
  await using setup = createSessionBench();
  const other = await setup.bench.join("a:1");
  await setup.subscribe("a:1");
  setup.session.end();
  setup.session.end();
  await setup.bench.publish("a:1", 1);
  assertEquals(other.socket.frames, [messageOf("a:1", 1, 1)]);
  assertEquals(setup.bench.metrics.gauges.subscriptions, 1);
});

Deno.test("Session.handle() does nothing once the connection has ended", async () => {
  await using setup = createSessionBench();
  setup.connection.end(1001, "gone");
  await setup.subscribe("a:1");
  await setup.unsubscribe("a:1");
  await setup.subscribe("a:.");
  assertEquals([setup.socket.frames, setup.bench.broker.calls], [[], []]);
});

Deno.test("Session.handle() leaves nothing behind if the answer breaks the socket", async () => {
  await using setup = createSessionBench();
  setup.socket.broken = true;
  await setup.subscribe("a:1");
  const { topics, subscriptions } = setup.bench.metrics.gauges;
  assertEquals([setup.connection.ended, topics, subscriptions], [true, 0, 0]);
});
