/**
 * Tests of how a subscription begins and ends.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Cursor } from "../../live/domain/broker.ts";
import { Bench } from "./setup.ts";
import { messageOf, turn } from "./fakes.ts";

/** Returns the answer to a subscription; `messages` are JSON already. */
function startOf(start: Cursor & { recovered: boolean }, ...messages: string[]): string {
  const { epoch, offset, recovered } = start;
  const head = JSON.stringify({ type: "subscribed", topic: "a:1", epoch, offset, recovered });
  return `${head.slice(0, -1)},"messages":[${messages.join()}]}`;
}

Deno.test("Hub.subscribe() starts with the latest message of each key, no keyless one", async () => {
  await using bench = new Bench();
  const client = bench.connect("a:1");
  const positions = await bench.hub.publish([
    { topic: "a:1", key: "x", data: "1" },
    { topic: "a:1", key: "y", data: "2" },
    { topic: "a:1", data: "3" },
    { topic: "a:1", key: "x", data: "4" },
  ]);
  const { epoch } = positions[0] as Cursor;
  await bench.subscribe(client, "a:1");
  assertEquals(client.socket.frames, [
    startOf(
      { epoch, offset: 4, recovered: false },
      messageOf("a:1", 2, 2, "y"),
      messageOf("a:1", 4, 4, "x"),
    ),
  ]);
});

Deno.test("Hub.subscribe() starts an empty topic at 0, in the epoch of its first message", async () => {
  await using bench = new Bench();
  const client = bench.connect("a:1");
  await bench.subscribe(client, "a:1");
  const [position] = await bench.publish("a:1", 10);
  assert(position);
  assertEquals(client.socket.frames, [
    startOf({ epoch: position.epoch, offset: 0, recovered: false }),
    messageOf("a:1", 1, 10),
  ]);
});

const MESSAGES = [1, 2, 3, 4, 5].map((n) => messageOf("a:1", n, n));
const HISTORY = 3;

for (
  const [name, since, recovered] of [
    ["the head", { offset: 5 }, []],
    ["the middle", { offset: 4 }, MESSAGES.slice(4)],
    ["the oldest that is held", { offset: 2 }, MESSAGES.slice(2)],
    ["one that has fallen off", { offset: 1 }, undefined],
    ["the beginning, which has fallen off", { offset: 0 }, undefined],
    ["one that is yet to come", { offset: 6 }, undefined],
    ["another epoch", { offset: 5, epoch: "another" }, undefined],
  ] as const
) {
  Deno.test(`Hub.subscribe() since ${name} is ${recovered ? "" : "not "}recovered`, async () => {
    await using bench = new Bench({ historySize: HISTORY });
    const client = bench.connect("a:1");
    const positions = await bench.publish("a:1", 1, 2, 3, 4, 5);
    const { epoch } = positions[0] as Cursor;
    await bench.subscribe(client, "a:1", { epoch, ...since });
    await bench.publish("a:1", 6);
    assertEquals(client.socket.frames, [
      startOf({ epoch, offset: 5, recovered: recovered !== undefined }, ...recovered ?? []),
      messageOf("a:1", 6, 6),
    ]);
  });
}

Deno.test("Hub.subscribe() not recovered falls back to the latest of each key", async () => {
  await using bench = new Bench({ historySize: 0 });
  const client = bench.connect("a:1");
  const positions = await bench.hub.publish([{ topic: "a:1", key: "x", data: "1" }]);
  const { epoch } = positions[0] as Cursor;
  await bench.subscribe(client, "a:1", { epoch, offset: 0 });
  assertEquals(client.socket.frames, [
    startOf({ epoch, offset: 1, recovered: false }, messageOf("a:1", 1, 1, "x")),
  ]);
});

for (const recovering of [true, false]) {
  Deno.test(`Hub.subscribe() joins history and live while a topic is slow to open (recovered: ${recovering})`, async () => {
    await using bench = new Bench();
    const client = bench.connect("a:1");
    const [position] = await bench.publish("a:1", 1);
    assert(position);
    bench.broker.hold();
    const subscribed = bench.subscribe(client, "a:1", recovering ? position : undefined);
    await bench.publish("a:1", 2, 3);
    await turn();
    assertEquals(client.socket.frames, []);
    bench.broker.letGo();
    await bench.publish("a:1", 4); // between the opening and its news
    await subscribed;
    await bench.publish("a:1", 5);
    await bench.publish("a:1", 6);
    const { epoch } = position;
    const missed = [2, 3, 4].map((n) => messageOf("a:1", n, n));
    assertEquals(client.socket.frames, [
      startOf({ epoch, offset: 4, recovered: recovering }, ...recovering ? missed : []),
      messageOf("a:1", 5, 5),
      messageOf("a:1", 6, 6),
    ]);
  });
}

Deno.test("Hub.subscribe() counts what waits for the flush as history", async () => {
  await using bench = new Bench();
  const early = await bench.join("a:1");
  const late = bench.connect("a:1");
  const subscribed = bench.subscribe(late, "a:1");
  const published = bench.publish("a:1", 1);
  await subscribed;
  const [position] = await published;
  assert(position);
  await bench.publish("a:1", 2);
  assertEquals(early.socket.frames, [messageOf("a:1", 1, 1), messageOf("a:1", 2, 2)]);
  assertEquals(late.socket.frames, [
    startOf({ ...position, recovered: false }),
    messageOf("a:1", 2, 2),
  ]);
});

Deno.test("Hub.subscribe() opens a topic once for all who wait for it", async () => {
  await using bench = new Bench();
  const clients = [bench.connect("a:1"), bench.connect("a:1")];
  bench.broker.hold();
  const subscribed = clients.map((client) => bench.subscribe(client, "a:1"));
  bench.broker.letGo();
  await Promise.all(subscribed);
  await bench.publish("a:1", 1);
  for (const { socket } of clients) assertEquals(socket.frames[1], messageOf("a:1", 1, 1));
  assertEquals(bench.broker.calls, ["open a:1"]);
  assertEquals([bench.metrics.gauges.topics, bench.metrics.gauges.subscriptions], [1, 2]);
});

Deno.test("Hub.subscribe() again begins anew, and counts once", async () => {
  await using bench = new Bench();
  const client = bench.connect("a:1");
  await bench.subscribe(client, "a:1");
  const [position] = await bench.publish("a:1", 1);
  assert(position);
  await bench.subscribe(client, "a:1", { ...position, offset: 0 });
  await bench.publish("a:1", 2);
  const { epoch } = position;
  assertEquals(client.socket.frames.slice(1), [
    messageOf("a:1", 1, 1),
    startOf({ epoch, offset: 1, recovered: true }, messageOf("a:1", 1, 1)),
    messageOf("a:1", 2, 2),
  ]);
  assertEquals([bench.metrics.gauges.subscriptions, bench.broker.calls], [1, ["open a:1"]]);
});

Deno.test("Hub.subscribe() leaves nothing behind if the connection ends meanwhile", async () => {
  await using bench = new Bench();
  const client = bench.connect("a:1");
  bench.broker.hold();
  const subscribed = bench.subscribe(client, "a:1");
  client.connection.end(1001, "gone");
  bench.broker.letGo();
  await subscribed;
  assertEquals(client.socket.frames, []);
  assertEquals(bench.broker.calls, ["open a:1", "close a:1"]);
  assertEquals([bench.metrics.gauges.topics, bench.metrics.gauges.subscriptions ?? 0], [0, 0]);
});

Deno.test("Hub.subscribe() leaves nothing behind if the start ends the connection", async () => {
  await using bench = new Bench();
  const client = bench.connect("a:1");
  client.socket.broken = true;
  await bench.subscribe(client, "a:1");
  assertEquals(client.connection.ended, true);
  assertEquals(bench.broker.calls, ["open a:1", "close a:1"]);
  assertEquals([bench.metrics.gauges.topics, bench.metrics.gauges.subscriptions], [0, 0]);
});

Deno.test("Hub.subscribe() rejects for all who wait for a topic that cannot open", async () => {
  await using bench = new Bench();
  const clients = [bench.connect("a:1"), bench.connect("a:1")];
  bench.broker.hold();
  const subscribed = clients.map((client) => bench.subscribe(client, "a:1"));
  bench.broker.letGo(new Error("out of reach"));
  for (const one of subscribed) await assertRejects(() => one, Error, "out of reach");
  assertEquals(bench.metrics.gauges.topics, 0);
  const [client] = clients;
  assert(client);
  await bench.subscribe(client, "a:1");
  await bench.publish("a:1", 1);
  assertEquals(client.socket.frames[1], messageOf("a:1", 1, 1));
  assertEquals(bench.broker.calls, ["open a:1", "open a:1"]);
});

Deno.test("Hub.subscribe() keeps starts that are large together from ending a client", async () => {
  await using bench = new Bench({ historySize: 1, thresholdBytes: 200_000 });
  const client = bench.connect();
  client.socket.slow = true;
  const topics = Array.from({ length: 20 }, (_, index) => `a:${index}`);
  for (const topic of topics) {
    await bench.hub.publish([{ topic, key: "k", data: JSON.stringify("x".repeat(50_000)) }]);
  }
  let most = 0;
  client.socket.onSend = () => most = Math.max(most, client.socket.bufferedAmount);

  const started = Promise.all(topics.map((topic) => bench.subscribe(client, topic)));
  while (client.socket.frames.length < topics.length && !client.connection.ended) {
    await turn();
    client.socket.bufferedAmount = 0; // the peer reads all there is
    bench.time.tick(20);
  }
  await started;

  assertEquals([client.socket.frames.length, client.socket.closes], [20, []]);
  assert(most < 200_000, `${most} bytes were held at most`);
});

Deno.test("Hub.subscribe() ends a client that drains nothing while its start waits", async () => {
  await using bench = new Bench();
  const client = bench.connect();
  client.socket.bufferedAmount = 65_537;

  const started = bench.subscribe(client, "a:1");
  for (let passed = 0; passed < 10_000; passed += 20) {
    await turn();
    assertEquals(client.socket.closes, []);
    bench.clock.ms += 20;
    bench.time.tick(20);
  }
  await started;

  assertEquals(client.socket.closes, [[1008, "back-pressure threshold exceeded"]]);
  assertEquals([client.socket.frames, bench.metrics.gauges.topics], [[], 0]);
});

Deno.test("Hub.subscribe() holds no messages for a start that waits for room", async () => {
  await using bench = new Bench({ historySize: 1 });
  const client = bench.connect();
  client.socket.bufferedAmount = 65_537;
  const started = bench.subscribe(client, "a:1");
  await turn();

  await bench.publish("a:1", 1, 2, 3);
  await bench.publish("a:1", 4);

  assertEquals(bench.metrics.gauges.historyBytes, messageOf("a:1", 4, 4).length);
  client.connection.end(1001, "");
  bench.time.tick(20);
  await started;
});
