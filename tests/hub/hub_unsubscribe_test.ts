/**
 * Tests of how subscriptions end, and what is left of their topics.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Bench } from "./setup.ts";
import { messageOf } from "./fakes.ts";

Deno.test("Hub.unsubscribe() ends one subscription and says whether there was one", async () => {
  await using bench = new Bench();
  const [leaver, stayer] = [await bench.join("a:1", "b:1"), await bench.join("a:1")];
  assertEquals(bench.hub.unsubscribe(leaver.connection, "a:1"), true);
  assertEquals(bench.hub.unsubscribe(leaver.connection, "a:1"), false);
  assertEquals(bench.hub.unsubscribe(leaver.connection, "c:1"), false);
  await bench.publish("a:1", 1);
  await bench.publish("b:1", 2);
  assertEquals(leaver.socket.frames, [messageOf("b:1", 1, 2)]);
  assertEquals(stayer.socket.frames, [messageOf("a:1", 1, 1)]);
});

Deno.test("Hub.unsubscribe() holds back what waits for the flush", async () => {
  await using bench = new Bench();
  const [leaver, stayer] = [await bench.join("a:1"), await bench.join("a:1")];
  const published = bench.publish("a:1", 1);
  bench.hub.unsubscribe(leaver.connection, "a:1");
  await published;
  assertEquals([leaver.socket.frames, stayer.socket.frames.length], [[], 1]);
});

Deno.test("Hub.unsubscribe() of the last subscriber holds back what waits for the flush", async () => {
  await using bench = new Bench();
  const client = await bench.join("a:1");
  const published = bench.publish("a:1", 1);
  bench.hub.unsubscribe(client.connection, "a:1");
  await published;
  assertEquals([client.socket.frames, bench.metrics.broadcasts], [[], []]);
});

Deno.test("Hub.unsubscribe() closes the topic with its last subscriber", async () => {
  await using bench = new Bench();
  const [first, second] = [await bench.join("a:1"), await bench.join("a:1")];
  bench.hub.unsubscribe(first.connection, "a:1");
  assertEquals(bench.broker.calls, ["open a:1"]);
  bench.hub.unsubscribe(second.connection, "a:1");
  assertEquals(bench.broker.calls, ["open a:1", "close a:1"]);
  assertEquals([bench.metrics.gauges.topics, bench.metrics.gauges.subscriptions], [0, 0]);
});

Deno.test("Hub.unsubscribe() of the last subscriber leaves the topic to one who waits", async () => {
  await using bench = new Bench();
  const [leaver, newcomer] = [await bench.join("a:1"), bench.connect("a:1")];
  const subscribed = bench.subscribe(newcomer, "a:1");
  bench.hub.unsubscribe(leaver.connection, "a:1");
  await subscribed;
  await bench.publish("a:1", 1);
  assertEquals(newcomer.socket.frames[1], messageOf("a:1", 1, 1));
  assertEquals(bench.broker.calls, ["open a:1"]);
});

Deno.test("Hub.unsubscribe() and back: nothing is lost, in the same epoch", async () => {
  await using bench = new Bench();
  const client = bench.connect("a:1");
  await bench.subscribe(client, "a:1");
  const { epoch, offset } = JSON.parse(client.socket.frames[0] ?? "");
  bench.hub.unsubscribe(client.connection, "a:1");
  await bench.publish("a:1", 1, 2);
  await bench.subscribe(client, "a:1", { epoch, offset });
  assertEquals(
    client.socket.frames[1],
    `{"type":"subscribed","topic":"a:1","epoch":"${epoch}","offset":2,"recovered":true,` +
      `"messages":[${messageOf("a:1", 1, 1)},${messageOf("a:1", 2, 2)}]}`,
  );
});

Deno.test("Hub's gauges return to 0 when all connections end", async () => {
  await using bench = new Bench();
  const topics = ["a:1", "b:1", "c:1"];
  const clients = [await bench.join(...topics), await bench.join(...topics)];
  const { gauges } = bench.metrics;
  assertEquals([gauges.topics, gauges.subscriptions], [3, 6]);
  for (const { connection } of clients) connection.end(1001, "gone");
  assertEquals([gauges.topics, gauges.subscriptions], [0, 0]);
});
