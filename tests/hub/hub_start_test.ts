/**
 * Tests of starts that are larger than a frame, or that have to wait for room.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import type { Client } from "../support/fake_client.ts";
import { HubSetup, messagesOf } from "./setup.ts";
import { StoreBroker } from "./store_setup.ts";

const FRAME = 65_536;
const LARGE = "x".repeat(30_000);

/** Publishes a large payload for each key. */
async function publish(setup: HubSetup, ...keys: string[]): Promise<string> {
  const batch = keys.map((key) => ({ topic: "a:1", key, data: LARGE }));
  const [position] = await setup.publishAll(...batch);
  return position?.epoch ?? "";
}

/** Returns offsets, with what was skipped before each if anything was. */
function outline(client: Client): unknown[] {
  return messagesOf(client).map(({ type, offset, messages, skipped, removed }) =>
    type === "subscribed"
      ? ["subscribed", offset, messages?.map(({ offset }) => offset)]
      : [offset, ...skipped ? [`skipped ${skipped}`] : [], ...removed ? ["removed"] : []]
  );
}

for (
  const [name, offset, start] of [
    ["a snapshot", undefined, ["subscribed", 2, [1, 2]]],
    ["what a client missed", 0, ["subscribed", 2, [1, 2]]],
  ] as const
) {
  Deno.test(`Hub sends ${name} that is larger than a frame as a start and messages`, async () => {
    await using setup = new HubSetup();
    const epoch = await publish(setup, "a", "b", "c", "d", "e");
    const client = setup.connect();
    await setup.subscribe(client, "a:1", offset === undefined ? undefined : { epoch, offset });
    await setup.publish("a:1", "live");
    await setup.pass(RETRY_MS);
    assertEquals(outline(client), [start, [3], [4], [5], [6]]);
    for (const frame of client.socket.frames) assertLess(frame.length, FRAME);
    assertEquals(setup.metrics.outbound.message, 4);
  });
}

Deno.test("Hub sends what a client missed as messages if its start holds all or nothing", async () => {
  await using setup = new HubSetup();
  const epoch = await publish(setup, "a", "b", "c");
  const client = setup.connect();
  Object.assign(client.connection, { startsWhole: true });
  await setup.subscribe(client, "a:1", { epoch, offset: 1 });
  await setup.pass(RETRY_MS);
  assertEquals(outline(client), [["subscribed", 1, []], [2], [3]]);
});

Deno.test("Hub skips outdated messages in the rest of a snapshot, and sends removals", async () => {
  await using setup = new HubSetup();
  await publish(setup, "a", "b", "c", "d", "e");
  const client = setup.connect();
  client.socket.slow = true;
  await setup.subscribe(client, "a:1");
  client.socket.bufferedAmount = FRAME + 1;
  await publish(setup, "c");
  await setup.publishAll(
    { topic: "a:1", key: "a", removed: true },
    { topic: "a:1", key: "d", removed: true },
  );
  client.socket.bufferedAmount = 0;
  client.socket.slow = false;
  await setup.pass(RETRY_MS);
  assertEquals(outline(client), [
    ["subscribed", 2, [1, 2]],
    [5],
    [6],
    [7, "removed"],
    [8, "removed"],
  ]);
});

Deno.test("Hub resumes a client that left in the middle of its snapshot", async () => {
  await using setup = new HubSetup();
  const epoch = await publish(setup, "a", "b", "c", "d");
  const client = setup.connect("a:1");
  client.socket.slow = true;
  await setup.subscribe(client, "a:1");
  await setup.publishAll({ topic: "a:1", key: "a", removed: true });
  client.connection.end(1001, "gone");
  const again = setup.connect("a:1");
  await setup.subscribe(again, "a:1", { epoch, offset: 2 });
  await setup.pass(RETRY_MS);
  assertEquals(outline(again), [["subscribed", 5, [3, 4, 5]]]);
});

Deno.test("Hub keeps what a resumed client missed, even if others have read it", async () => {
  await using setup = new HubSetup({ historySize: 5 });
  await setup.join("a:1");
  const epoch = await publish(setup, "a", "a", "a", "a", "a");
  const client = setup.connect();
  await setup.subscribe(client, "a:1", { epoch, offset: 0 });
  await setup.publish("a:1", 6, 7, 8);
  await setup.pass(RETRY_MS);
  assertEquals(outline(client), [["subscribed", 2, [1, 2]], [3], [4], [5], [6], [7], [8]]);
});

Deno.test("Hub continues from a new start while the rest of an earlier one is due", async () => {
  await using setup = new HubSetup();
  await publish(setup, "a", "b", "c", "d", "e");
  const client = setup.connect();
  await setup.subscribe(client, "a:1");
  await setup.subscribe(client, "a:1");
  await setup.pass(RETRY_MS);
  const start = ["subscribed", 2, [1, 2]];
  assertEquals(outline(client), [start, start, [3], [4], [5]]);
  assertEquals(setup.metrics.gauges.subscriptions, 1);
});

Deno.test("Hub starts over in the middle of a snapshot if the log begins a new life", async () => {
  const broker = new StoreBroker(10);
  await using setup = new HubSetup({ broker });
  await publish(setup, "a", "b", "c", "d");
  const client = setup.connect("a:1");
  client.socket.slow = true;
  await setup.subscribe(client, "a:1");
  broker.lose("a:1");
  await publish(setup, "b");
  client.socket.bufferedAmount = 0;
  await setup.pass(RETRY_MS);
  assertEquals(outline(client), [["subscribed", 2, [1, 2]], ["subscribed", 0, []], [1]]);
});

Deno.test("Hub makes a client start over if it cannot learn of a removal any more", async () => {
  const broker = new StoreBroker(2);
  await using setup = new HubSetup({ broker });
  await setup.publishAll({ topic: "a:1", key: "a", data: 1 }, { topic: "a:1", key: "b", data: 2 });
  const client = await setup.join("a:1");
  broker.isCutOff = true;
  await setup.publishAll({ topic: "a:1", key: "a", removed: true });
  await setup.publish("a:1", 4, 5);
  broker.reconnect();
  await setup.pass(RETRY_MS);
  assertEquals(outline(client), [["subscribed", 5, [2]]]);
  assertEquals([setup.metrics.outbound.subscribed, setup.metrics.missed], [1, 0]);
});

Deno.test("Hub.subscribe() keeps the starts of many topics from filling a socket", async () => {
  await using setup = new HubSetup({ historySize: 1, thresholdBytes: 200_000 });
  const client = setup.connect();
  client.socket.slow = true;
  const topics = Array.from({ length: 20 }, (_, index) => `a:${index}`);
  await setup.publishAll(...topics.map((topic) => ({ topic, key: "k", data: LARGE })));
  let most = 0;
  client.socket.onSend = () => most = Math.max(most, client.socket.bufferedAmount);
  const starting = Promise.all(topics.map((topic) => setup.subscribe(client, topic)));
  await setup.pass(20 * RETRY_MS, () => client.socket.bufferedAmount = 0);
  await starting;
  assertEquals([client.socket.frames.length, client.socket.closes], [20, []]);
  assert(most <= FRAME + LARGE.length + 200, `${most} bytes were held at most`);
});

Deno.test("Hub.subscribe() keeps no messages for a start that waits for room", async () => {
  await using setup = new HubSetup({ historySize: 1 });
  const client = setup.connect();
  client.socket.bufferedAmount = FRAME + 1;
  const starting = setup.subscribe(client, "a:1");
  await setup.publish("a:1", 1);
  const { historyBytes } = setup.metrics.gauges;
  await setup.publish("a:1", 2, 3, 4);
  await setup.publish("a:1", 5);
  assertEquals(setup.metrics.gauges.historyBytes, historyBytes);
  client.connection.end(1001, "");
  await setup.pass(RETRY_MS);
  await starting;
});
