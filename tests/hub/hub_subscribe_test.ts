/**
 * Tests of how a subscription begins.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import type { Cursor } from "../../live/domain/broker.ts";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { messageOf } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { HubSetup } from "./setup.ts";

/** Returns the answer to a subscription; `messages` are JSON already. */
function startOf(start: Cursor & { recovered: boolean }, ...messages: string[]): string {
  const { epoch, offset, recovered } = start;
  const head = JSON.stringify({ type: "subscribed", topic: "a:1", epoch, offset, recovered });
  return `${head.slice(0, -1)},"messages":[${messages}]}`;
}

const MESSAGES = [1, 2, 3, 4, 5].map((n) => messageOf("a:1", n, n));

Deno.test("Hub.subscribe() starts with the latest of each key, without events and removals", async () => {
  await using setup = new HubSetup();
  const client = setup.connect("a:1");
  const [position] = await setup.publishAll(
    { topic: "a:1", key: "x", data: 1 },
    { topic: "a:1", key: "y", data: 2 },
    { topic: "a:1", key: "z", data: 3 },
    { topic: "a:1", key: "x", data: 4 },
    { topic: "a:1", key: "z", removed: true },
    { topic: "a:1", data: 6 },
  );
  await setup.subscribe(client, "a:1");
  assertEquals(client.socket.frames, [
    startOf(
      { epoch: position?.epoch ?? "", offset: 6, recovered: false },
      messageOf("a:1", 2, 2, "y"),
      messageOf("a:1", 4, 4, "x"),
    ),
  ]);
});

Deno.test("Hub.subscribe() starts an empty topic at 0, in the epoch of its first message", async () => {
  await using setup = new HubSetup();
  const { connection, socket } = setup.connect("a:1");
  await setup.subscribe({ connection, socket }, "a:1");
  const [position] = await setup.publish("a:1", 10);
  assertEquals(socket.frames, [
    startOf({ epoch: position?.epoch ?? "", offset: 0, recovered: false }),
    messageOf("a:1", 1, 10),
  ]);
});

for (
  const [name, since, recovered] of [
    ["the head", { offset: 5 }, []],
    ["the middle", { offset: 4 }, MESSAGES.slice(4)],
    ["the oldest that is held", { offset: 2 }, MESSAGES.slice(2)],
    ["one that was dropped", { offset: 1 }, undefined],
    ["one in the future", { offset: 6 }, undefined],
    ["another epoch", { offset: 5, epoch: "another" }, undefined],
  ] as const
) {
  Deno.test(`Hub.subscribe() since ${name} is ${recovered ? "" : "not "}recovered`, async () => {
    await using setup = new HubSetup({ historySize: 3 });
    const client = setup.connect("a:1");
    const [position] = await setup.publish("a:1", 1, 2, 3, 4, 5);
    const { epoch = "" } = position ?? {};
    await setup.subscribe(client, "a:1", { epoch, ...since });
    await setup.publish("a:1", 6);
    assertEquals(client.socket.frames, [
      startOf({ epoch, offset: 5, recovered: recovered !== undefined }, ...recovered ?? []),
      messageOf("a:1", 6, 6),
    ]);
    const { hit, miss } = setup.metrics.recoveries;
    assertEquals([hit, miss], recovered ? [1, 0] : [0, 1]);
  });
}

for (
  const { name, since, calls } of [
    { name: "that is new", since: undefined, calls: [] },
    { name: "at the head", since: { offset: 1 }, calls: [] },
    { name: "behind the head", since: { offset: 0 }, calls: [] },
    { name: "ahead of the log", since: { offset: 2 }, calls: ["refresh a:1"] },
    { name: "of another epoch", since: { epoch: "x", offset: 0 }, calls: ["refresh a:1"] },
  ]
) {
  Deno.test(`Hub.subscribe() calls refresh ${calls.length} times for a client ${name}`, async () => {
    await using setup = new HubSetup();
    const [position] = await setup.publish("a:1", 1);
    const { epoch = "" } = position ?? {};
    await setup.subscribe(setup.connect(), "a:1", since && { epoch, ...since });
    assertEquals(setup.broker.calls, ["open a:1", ...calls]);
  });
}

Deno.test("Hub.subscribe() recovers what a client missed of a log that is refreshed", async () => {
  await using setup = new HubSetup();
  const client = setup.connect();
  const [position] = await setup.publish("a:1", 1);
  const { epoch = "" } = position ?? {};
  setup.broker.onRefresh = () => setup.publish("a:1", 2, 3);
  await setup.subscribe(client, "a:1", { epoch, offset: 2 });
  assertEquals(client.socket.frames, [
    startOf({ epoch, offset: 3, recovered: true }, messageOf("a:1", 3, 3)),
  ]);
});

Deno.test("Hub.subscribe() rejects if the broker cannot refresh the log", async () => {
  await using setup = new HubSetup();
  const client = setup.connect();
  setup.broker.onRefresh = () => {
    throw new BrokerUnavailable("cut off", 1_000);
  };
  const subscribing = setup.subscribe(client, "a:1", { epoch: "x", offset: 1 });
  await assertRejects(() => subscribing, BrokerUnavailable);
  assertEquals([client.socket.frames, setup.metrics.gauges.topics], [[], 0]);
  assertEquals(setup.broker.calls, ["open a:1", "refresh a:1", "close a:1"]);
});

for (const recovering of [true, false]) {
  Deno.test(`Hub.subscribe() joins history and live while a topic is slow to open (recovered: ${recovering})`, async () => {
    await using setup = new HubSetup();
    const client = setup.connect("a:1");
    const [position] = await setup.publish("a:1", 1);
    setup.broker.hold();
    const subscribing = setup.subscribe(client, "a:1", recovering ? position : undefined);
    await setup.publish("a:1", 2, 3);
    assertEquals(client.socket.frames, []);
    setup.broker.letGo();
    await setup.publish("a:1", 4); // after the opening, before the hub has learnt of it
    await subscribing;
    await setup.publish("a:1", 5);
    const missed = recovering ? MESSAGES.slice(1, 4) : [];
    assertEquals(client.socket.frames, [
      startOf({ epoch: position?.epoch ?? "", offset: 4, recovered: recovering }, ...missed),
      ...MESSAGES.slice(4),
    ]);
  });
}

Deno.test("Hub.subscribe() counts what was published but not sent yet as history", async () => {
  await using setup = new HubSetup();
  const early = await setup.join("a:1");
  const late = setup.connect("a:1");
  const subscribing = setup.subscribe(late, "a:1");
  const published = setup.publish("a:1", 1);
  await subscribing;
  const [position] = await published;
  await setup.publish("a:1", 2);
  assertEquals(early.socket.frames, MESSAGES.slice(0, 2));
  const { epoch = "" } = position ?? {};
  assertEquals(late.socket.frames, [
    startOf({ epoch, offset: 1, recovered: false }),
    ...MESSAGES.slice(1, 2),
  ]);
});

Deno.test("Hub.subscribe() opens a topic once for all subscribers that wait for it", async () => {
  await using setup = new HubSetup();
  const clients = [setup.connect("a:1"), setup.connect("a:1")];
  setup.broker.hold();
  const subscribing = clients.map((client) => setup.subscribe(client, "a:1"));
  setup.broker.letGo();
  await Promise.all(subscribing);
  await setup.publish("a:1", 1);
  for (const { socket } of clients) assertEquals(socket.frames[1], MESSAGES[0]);
  assertEquals(setup.broker.calls, ["open a:1"]);
  assertEquals([setup.metrics.gauges.topics, setup.metrics.gauges.subscriptions], [1, 2]);
});

Deno.test("Hub.subscribe() rejects for all subscribers of a topic that cannot open", async () => {
  await using setup = new HubSetup();
  const client = setup.connect("a:1");
  setup.broker.hold();
  const subscribing = [client, setup.connect("a:1")].map((one) => setup.subscribe(one, "a:1"));
  setup.broker.letGo(new Error("out of reach"));
  for (const one of subscribing) await assertRejects(() => one, Error, "out of reach");
  assertEquals(setup.metrics.gauges.topics, 0);
  await setup.subscribe(client, "a:1");
  assertEquals(setup.broker.calls, ["open a:1", "open a:1"]);
});

Deno.test("Hub.subscribe() again continues from the new start, and counts once", async () => {
  await using setup = new HubSetup();
  const client = setup.connect("a:1");
  await setup.subscribe(client, "a:1");
  const [position] = await setup.publish("a:1", 1);
  const { epoch = "" } = position ?? {};
  await setup.subscribe(client, "a:1", { epoch, offset: 0 });
  await setup.publish("a:1", 2);
  assertEquals(client.socket.frames.slice(1), [
    messageOf("a:1", 1, 1),
    startOf({ epoch, offset: 1, recovered: true }, messageOf("a:1", 1, 1)),
    messageOf("a:1", 2, 2),
  ]);
  assertEquals([setup.metrics.gauges.subscriptions, setup.broker.calls], [1, ["open a:1"]]);
});

for (
  const [name, end] of [
    ["ends while the topic opens", ({ connection }) => connection.end(1001, "gone")],
    ["breaks at the start", ({ socket }) => socket.broken = true],
  ] satisfies [string, (client: ReturnType<HubSetup["connect"]>) => void][]
) {
  Deno.test(`Hub.subscribe() leaves nothing behind if the connection ${name}`, async () => {
    await using setup = new HubSetup();
    const client = setup.connect("a:1");
    setup.broker.hold();
    const subscribing = setup.subscribe(client, "a:1");
    end(client);
    setup.broker.letGo();
    await subscribing;
    await turn();
    assertEquals([client.socket.frames, client.connection.ended], [[], true]);
    assertEquals(setup.broker.calls, ["open a:1", "close a:1"]);
    assertEquals([setup.metrics.gauges.topics, setup.metrics.gauges.subscriptions], [0, 0]);
  });
}
