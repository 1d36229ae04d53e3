/**
 * Tests of publications on the wire.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { Publication } from "../../live/domain/publication.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";
import { sseWire } from "../../live/wire/sse_wire.ts";
import { messageOf, removalOf } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { countingWire, HubSetup, messagesOf } from "./setup.ts";

Deno.test("Hub.publish() sends one message unwrapped, and several as an array", async () => {
  await using setup = new HubSetup();
  const { socket } = await setup.join("a:1");
  await setup.publishAll({ topic: "a:1", key: 'k"', json: '{ "x": 1e400 }' });
  await setup.publishAll({ topic: "a:1", data: "two" }, { topic: "a:1", key: "k", removed: true });
  assertEquals(socket.frames, [
    '{"type":"message","topic":"a:1","offset":1,"key":"k\\"","data":{"x":1e400}}',
    '[{"type":"message","topic":"a:1","offset":2,"data":"two"},' +
    '{"type":"message","topic":"a:1","offset":3,"key":"k","removed":true}]',
  ]);
});

Deno.test("Hub.publish() resolves to positions, with or without subscribers", async () => {
  await using setup = new HubSetup();
  await setup.join("a:1");
  const topics = ["a:1", "b:1", "a:1"];
  const positions = await setup.publishAll(...topics.map((topic) => ({ topic, data: 0 })));
  assertEquals(positions.map(({ topic, offset }) => `${topic} ${offset}`), [
    "a:1 1",
    "b:1 1",
    "a:1 2",
  ]);
});

const frozen = Publication.from({ topic: "a:1", data: 1 });
const broken = { topic: "a:1", key: undefined, json: '1},{"type":"unsubscribed","topic":"a:1"' };
for (
  const [name, publication] of [
    ["an object that looks like a publication", broken],
    ["an object that inherits from one", Object.assign(Object.create(frozen), {})],
    ["a copy of one", { ...frozen }],
    ["nothing", undefined],
  ] as const
) {
  Deno.test(`Hub.publish() rejects ${name}, and publishes nothing`, async () => {
    await using setup = new HubSetup();
    const { socket } = await setup.join("a:1");
    const publishing = setup.hub.publish([frozen, publication as Publication]);
    await assertRejects(() => publishing, TypeError, "Publication.from()");
    await turn();
    assertEquals([socket.frames, setup.metrics.publications], [[], 0]);
  });
}

Deno.test("Hub.publish() sends only to the topic's subscribers", async () => {
  await using setup = new HubSetup();
  const clients = [await setup.join("a:1"), await setup.join("b:1"), await setup.join()];
  await setup.publish("a:1", 1);
  await setup.publish("b:1", 2);
  await setup.publish("a:10", 3);
  assertEquals(clients.map(({ socket }) => socket.frames), [
    [messageOf("a:1", 1, 1)],
    [messageOf("b:1", 1, 2)],
    [],
  ]);
});

Deno.test("Hub.publish() sends everything that it published in the same turn of the event loop", async () => {
  await using setup = new HubSetup();
  const { socket } = await setup.join("a:1");
  setup.publish("a:1", 1);
  setup.publish("a:1", 2);
  assertEquals(socket.frames, []);
  await turn();
  assertEquals(socket.frames, [`[${messageOf("a:1", 1, 1)},${messageOf("a:1", 2, 2)}]`]);
});

for (const [name, wire] of [["JSON", jsonWire], ["SSE", sseWire]] as const) {
  Deno.test(`Hub renders ${name} once for all subscribers at the same position`, async () => {
    const counting = countingWire(wire);
    await using setup = new HubSetup({ wire: counting });
    const clients = await Promise.all(Array.from({ length: 30 }, () => setup.join("a:1")));
    const [lagging] = clients;
    if (lagging !== undefined) lagging.socket.bufferedAmount = 100_000;
    await setup.publish("a:1", 1, 2);
    assertEquals(counting.rendered, 2);
    if (lagging !== undefined) lagging.socket.bufferedAmount = 0;
    await setup.publish("a:1", 3);
    assertEquals(counting.rendered, 2 + 1 + 3); // 3 for the others, 1 to 3 for the one behind
    const frames = new Set(clients.slice(1).map(({ socket }) => socket.frames.join()));
    assertEquals(frames.size, 1);
  });
}

Deno.test("Hub sends what was published on several topics in one frame", async () => {
  await using setup = new HubSetup();
  const clients = [await setup.join("a:1", "b:1", "c:1"), await setup.join("b:1")];
  await setup.publishAll(
    { topic: "b:1", data: 1 },
    { topic: "a:1", key: "k", removed: true },
    { topic: "b:1", data: 3 },
  );
  const [a, ...b] = [removalOf("a:1", 1, "k"), messageOf("b:1", 1, 1), messageOf("b:1", 2, 3)];
  assertEquals(clients.map(({ socket }) => socket.frames), [[`[${[...b, a]}]`], [`[${b}]`]]);
  assertEquals(setup.metrics.outbound.message, 5);
});

Deno.test("Hub fills a frame from several topics, and not further", async () => {
  await using setup = new HubSetup();
  const { socket } = await setup.join("a:1", "b:1", "c:1");
  const data = "x".repeat(40_000);
  await setup.publishAll(...["a:1", "b:1", "c:1"].map((topic) => ({ topic, data })));
  const [a, b, c] = ["a:1", "b:1", "c:1"].map((topic) => messageOf(topic, 1, data));
  assertEquals(socket.frames, [`[${a},${b}]`, c]);
});

Deno.test("Hub joins no topics for a wire that decides what it joins", async () => {
  await using setup = new HubSetup({ wire: { ...jsonWire, joins: () => false } });
  const { socket } = await setup.join("a:1", "b:1");
  await setup.publishAll(...["a:1", "b:1", "a:1"].map((topic) => ({ topic, data: 0 })));
  assertEquals(socket.frames.map((frame) => JSON.parse(frame).offset), [1, 2, 1]);
});

Deno.test("Hub sends nothing of a topic that the client unsubscribed from, in any frame", async () => {
  await using setup = new HubSetup();
  const { connection, socket } = await setup.join("a:1", "b:1");
  setup.hub.unsubscribe(connection, "b:1");
  await setup.publishAll({ topic: "a:1", data: 1 }, { topic: "b:1", data: 2 });
  assertEquals(socket.frames, [messageOf("a:1", 1, 1)]);
});

for (const historySize of [0, 1]) {
  Deno.test(`Hub loses nothing of 1,000 publications with a history of ${historySize}`, async () => {
    await using setup = new HubSetup({ historySize });
    const client = await setup.join("a:1");
    const data = Array.from({ length: 1_000 }, (_, index) => index + 1);
    await setup.publish("a:1", ...data);
    assertEquals(messagesOf(client).map((message) => message.offset), data);
    assertEquals(messagesOf(client).map((message) => message.data), data);
  });
}

for (
  const [name, lengths, frames] of [
    ["several", [30_000, 30_000, 30_000], [[1, 2], [3]]],
    ["one larger than a frame", [1, 100_000, 1], [[1], [2], [3]]],
  ] as const
) {
  Deno.test(`Hub cuts ${name} into frames of 64 KiB`, async () => {
    await using setup = new HubSetup();
    const { socket } = await setup.join("a:1");
    await setup.publish("a:1", ...lengths.map((length) => "x".repeat(length)));
    const offsets = socket.frames.map((frame) =>
      [JSON.parse(frame)].flat().map(({ offset }) => offset)
    );
    assertEquals(offsets, frames.map((frame) => [...frame]));
  });
}

Deno.test("Hub continues after a socket that breaks, and does not count its message", async () => {
  await using setup = new HubSetup();
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await setup.join("a:1"));
  const [first, broken, last] = clients;
  if (broken !== undefined) broken.socket.broken = true;
  await setup.publish("a:1", 1);
  assertEquals([first?.socket.frames.length, last?.socket.frames.length], [1, 1]);
  assertEquals(broken?.connection.ended, true);
  assertEquals([setup.metrics.outbound.message, setup.metrics.gauges.subscriptions], [2, 2]);
});
