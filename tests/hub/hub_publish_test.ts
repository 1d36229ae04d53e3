/**
 * Tests of what a publication becomes on the wire.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Bench } from "./setup.ts";
import { messageOf, turn } from "./fakes.ts";

Deno.test("Hub.publish() sends one message as itself", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  await bench.hub.publish([{ topic: "a:1", key: 'k"', data: '{"x":[1,null]}' }]);
  await turn();
  assertEquals(client.socket.frames, [
    '{"type":"message","topic":"a:1","offset":1,"key":"k\\"","data":{"x":[1,null]}}',
  ]);
});

Deno.test("Hub.publish() joins the messages of a batch in one array", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  await bench.publish("a:1", 1, "two", null);
  assertEquals(client.socket.frames, [
    '[{"type":"message","topic":"a:1","offset":1,"data":1},' +
    '{"type":"message","topic":"a:1","offset":2,"data":"two"},' +
    '{"type":"message","topic":"a:1","offset":3,"data":null}]',
  ]);
});

Deno.test("Hub.publish() resolves to positions, whether anybody listens or not", async () => {
  await using bench = new Bench();
  await bench.join("a:1");
  const positions = await bench.hub.publish([
    { topic: "a:1", data: "1" },
    { topic: "b:1", data: "2" },
    { topic: "a:1", data: "3" },
  ]);
  assertEquals(positions.map(({ topic, offset }) => [topic, offset]), [
    ["a:1", 1],
    ["b:1", 1],
    ["a:1", 2],
  ]);
});

Deno.test("Hub.publish() sends to a topic's subscribers only", async () => {
  await using bench = new Bench();
  const [a, b, neither] = [await bench.join("a:1"), await bench.join("b:1"), await bench.join()];
  await bench.publish("a:1", 1);
  await bench.publish("b:1", 2);
  await bench.publish("a:10", 3);
  assertEquals(a.socket.frames, [messageOf("a:1", 1, 1)]);
  assertEquals(b.socket.frames, [messageOf("b:1", 1, 2)]);
  assertEquals(neither.socket.frames, []);
});

Deno.test("Hub.publish() sends in the same turn of the event loop", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  bench.hub.publish([{ topic: "a:1", data: "1" }]);
  assertEquals(client.socket.frames, []);
  await turn();
  assertEquals(client.socket.frames, [messageOf("a:1", 1, 1)]);
});

Deno.test("Hub.publish() takes along what the same turn publishes", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  bench.publish("a:1", 1);
  await bench.publish("a:1", 2);
  assertEquals(client.socket.frames, [`[${messageOf("a:1", 1, 1)},${messageOf("a:1", 2, 2)}]`]);
});

Deno.test("Hub.publish() sends what was published on several topics in one frame", async () => {
  await using bench = new Bench();
  const clients = [await bench.join("a:1", "b:1", "c:1"), await bench.join("b:1")];
  await bench.hub.publish([
    { topic: "b:1", data: "1" },
    { topic: "a:1", data: "2" },
    { topic: "b:1", data: "3" },
  ]);
  await turn();
  const [a, ...b] = [messageOf("a:1", 1, 2), messageOf("b:1", 1, 1), messageOf("b:1", 2, 3)];
  assertEquals(clients.map(({ socket }) => socket.frames), [[`[${[...b, a]}]`], [`[${b}]`]]);
  assertEquals(bench.metrics.sentCounts, { message: 5 });
});

Deno.test("Hub.publish() fills a frame from several topics, and not more than that", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1", "b:1", "c:1");
  const data = "x".repeat(40_000);
  const publications = ["a:1", "b:1", "c:1"].map((topic) => ({ topic, data: `"${data}"` }));
  await bench.hub.publish(publications);
  await turn();
  const [a, b, c] = publications.map(({ topic }) => messageOf(topic, 1, data));
  assertEquals(client.socket.frames, [`[${a},${b}]`, c]);
});

Deno.test("Hub.publish() sends no more of a topic that was left to a sibling's frame", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1", "b:1");
  bench.hub.unsubscribe(client.connection, "b:1");
  await bench.hub.publish([{ topic: "a:1", data: "1" }, { topic: "b:1", data: "2" }]);
  await turn();
  assertEquals(client.socket.frames, [messageOf("a:1", 1, 1)]);
});

Deno.test("Hub.publish() gathers for as long as the flush interval, over all topics", async () => {
  await using bench = new Bench({ flushIntervalMs: 100 });
  const client = await bench.join("a:1", "b:1");
  await bench.publish("a:1", 1);
  await bench.publish("b:1", 2);
  bench.time.tick(99);
  await turn();
  assertEquals(client.socket.frames, []);
  bench.time.tick(1);
  await turn();
  assertEquals(client.socket.frames, [`[${messageOf("a:1", 1, 1)},${messageOf("b:1", 1, 2)}]`]);
  await bench.publish("a:1", 3);
  assertEquals(client.socket.frames.length, 1);
});

for (const historySize of [0, 1]) {
  Deno.test(`Hub.publish() of 1,000 with a history of ${historySize} loses nothing`, async () => {
    await using bench = new Bench({ historySize });
    const client = await bench.join("a:1");
    const data = Array.from({ length: 1_000 }, (_, index) => index + 1);
    await bench.publish("a:1", ...data);
    const received = client.socket.frames.flatMap((frame) => JSON.parse(frame));
    assertEquals(received.map((message) => message.offset), data);
    assertEquals(received.map((message) => message.data), data);
  });
}

Deno.test("Hub.publish() cuts what is long into frames of 64 KiB", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  const data = "x".repeat(30_000);
  await bench.publish("a:1", data, data, data);
  const message = (offset: number) => messageOf("a:1", offset, data);
  assertEquals(client.socket.frames, [`[${message(1)},${message(2)}]`, message(3)]);
});

Deno.test("Hub.publish() sends a message that is longer than a frame as itself", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  const data = "x".repeat(100_000);
  await bench.publish("a:1", 1, data, 2);
  const messages = [messageOf("a:1", 1, 1), messageOf("a:1", 2, data), messageOf("a:1", 3, 2)];
  assertEquals(client.socket.frames, messages);
});

Deno.test("Hub.publish() counts what was sent, message by message", async () => {
  await using bench = new Bench();
  const clients = [await bench.join("a:1"), await bench.join("a:1", "b:1")];
  await bench.publish("a:1", 1, 2, 3);
  await bench.publish("b:1", 4);
  await bench.publish("c:1", 5);
  assertEquals(clients.map(({ socket }) => socket.frames.length), [1, 2]);
  assertEquals(bench.metrics.sentCounts, { message: 7 });
});

Deno.test("Hub.publish() sends past a socket that breaks, which is not counted", async () => {
  await using bench = new Bench();
  const [first, broken, last] = [
    await bench.join("a:1"),
    await bench.join("a:1"),
    await bench.join("a:1"),
  ];
  broken.socket.broken = true;
  await bench.publish("a:1", 1);
  assertEquals([first.socket.frames.length, last.socket.frames.length], [1, 1]);
  assertEquals(broken.connection.ended, true);
  assertEquals([bench.metrics.sentCounts.message, bench.metrics.gauges.subscriptions], [2, 2]);
});

Deno.test("Hub.publish() times a broadcast from its first publication on", async () => {
  await using bench = new Bench();
  const { socket } = await bench.join("a:1");
  socket.onSend = () => bench.clock.ms += 2;
  bench.hub.publish([{ topic: "a:1", data: "1" }]);
  bench.clock.ms += 3;
  bench.hub.publish([{ topic: "a:1", data: "2" }]);
  bench.clock.ms += 4;
  await turn();
  assertEquals([bench.metrics.waits, bench.metrics.broadcasts], [[7], [9]]);
});

Deno.test("Hub.stop() sends nothing any more", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  bench.hub.publish([{ topic: "a:1", data: "1" }]);
  await bench.hub.stop();
  await turn();
  bench.time.tick(1_000);
  assertEquals(client.socket.frames, []);
  assertEquals(bench.time.next(), false);
});

Deno.test("Hub.stop() gives up what waits for a turn", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  await bench.publish("a:1", 1);
  await bench.hub.publish([{ topic: "a:1", data: "2" }]);
  await bench.hub.stop();
  await turn();
  assertEquals(bench.time.next(), false);
  assertEquals(client.socket.frames, [messageOf("a:1", 1, 1)]);
});
