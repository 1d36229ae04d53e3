/**
 * Tests of how subscriptions end, and what is left of their topics.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { jsonWire } from "../../live/wire/json_wire.ts";
import { messageOf } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { HubSetup, messagesOf } from "./setup.ts";

Deno.test("Hub.unsubscribe() ends one subscription and returns whether there was one", async () => {
  await using setup = new HubSetup();
  const [leaver, stayer] = [await setup.join("a:1", "b:1"), await setup.join("a:1")];
  const topics = ["a:1", "a:1", "c:1"];
  const ended = topics.map((topic) => setup.hub.unsubscribe(leaver.connection, topic));
  assertEquals(ended, [true, false, false]);
  await setup.publish("a:1", 1);
  await setup.publish("b:1", 2);
  assertEquals(leaver.socket.frames, [messageOf("b:1", 1, 2)]);
  assertEquals(stayer.socket.frames, [messageOf("a:1", 1, 1)]);
});

for (const others of [0, 1]) {
  Deno.test(`Hub.unsubscribe() holds back what was not sent yet (${others} other subscribers)`, async () => {
    await using setup = new HubSetup();
    const leaver = await setup.join("a:1");
    for (let i = 0; i < others; i++) await setup.join("a:1");
    const published = setup.publish("a:1", 1);
    setup.hub.unsubscribe(leaver.connection, "a:1");
    await published;
    assertEquals([leaver.socket.frames, setup.metrics.outbound.message], [[], others]);
  });
}

Deno.test("Hub.unsubscribe() closes the topic with its last subscriber", async () => {
  await using setup = new HubSetup();
  const [first, second] = [await setup.join("a:1"), await setup.join("a:1")];
  setup.hub.unsubscribe(first.connection, "a:1");
  assertEquals(setup.broker.calls, ["open a:1"]);
  setup.hub.unsubscribe(second.connection, "a:1");
  assertEquals(setup.broker.calls, ["open a:1", "close a:1"]);
  assertEquals([setup.metrics.gauges.topics, setup.metrics.gauges.subscriptions], [0, 0]);
});

Deno.test("Hub.unsubscribe() keeps the topic open for a subscription that has not begun", async () => {
  await using setup = new HubSetup();
  const [leaver, newcomer] = [await setup.join("a:1"), setup.connect("a:1")];
  const subscribing = setup.subscribe(newcomer, "a:1");
  setup.hub.unsubscribe(leaver.connection, "a:1");
  await subscribing;
  await setup.publish("a:1", 1);
  assertEquals(newcomer.socket.frames[1], messageOf("a:1", 1, 1));
  assertEquals(setup.broker.calls, ["open a:1"]);
});

Deno.test("Hub.subscribe() after Hub.unsubscribe() resumes without loss, in the same epoch", async () => {
  await using setup = new HubSetup();
  const client = setup.connect("a:1");
  await setup.subscribe(client, "a:1");
  const [start] = messagesOf(client);
  setup.hub.unsubscribe(client.connection, "a:1");
  await setup.publish("a:1", 1, 2);
  await setup.subscribe(client, "a:1", start);
  const { epoch, recovered, messages } = messagesOf(client)[1] ?? {};
  assertEquals([epoch, recovered], [start?.epoch, true]);
  assertEquals(messages?.map(({ data }) => data), [1, 2]);
});

Deno.test("Hub keeps nothing for a subscriber that left before it was sent everything", async () => {
  await using setup = new HubSetup({ historySize: 0 });
  const [slow] = [await setup.join("a:1"), await setup.join("a:1")];
  slow.socket.bufferedAmount = 100_000;
  await setup.publish("a:1", 1, 2);
  slow.connection.end(1001, "gone");
  await setup.publish("a:1", 3);
  await setup.pass(100);
  assertEquals([slow.socket.frames, setup.metrics.gauges.subscriptions], [[], 1]);
  const log = await setup.broker.open("a:1");
  assertEquals(log.read(2, Infinity), undefined);
});

Deno.test("Hub.stop() sends nothing more, and ends the timers", async () => {
  await using setup = new HubSetup();
  const [client, slow] = [await setup.join("a:1"), await setup.join("a:1")];
  slow.socket.bufferedAmount = 100_000;
  await setup.publish("a:1", 1);
  const publishing = setup.publish("a:1", 2);
  await setup.hub.stop();
  await publishing;
  await turn();
  slow.socket.bufferedAmount = 0;
  assertEquals([client.socket.frames.length, slow.socket.frames.length], [1, 0]);
  assertEquals(setup.time.next(), false);
});

Deno.test("Hub does not count subscribers that belong to the server itself", async () => {
  await using setup = new HubSetup();
  const frames: string[] = [];
  const subscriber = {
    wire: jsonWire,
    ended: false,
    hasRoom: true,
    isInternal: true,
    deliver: (frame: string) => frames.push(frame) > 0,
  };
  await setup.hub.subscribe(subscriber, "a:1", { onStart() {} });
  await setup.publish("a:1", 1);
  assertEquals(frames, [messageOf("a:1", 1, 1)]);
  const { gauges, outbound } = setup.metrics;
  assertEquals([gauges.topics, gauges.subscriptions, outbound.message], [0, 0, 0]);
  setup.hub.unsubscribe(subscriber, "a:1");
  assertEquals([gauges.topics, gauges.subscriptions], [0, 0]);
});
