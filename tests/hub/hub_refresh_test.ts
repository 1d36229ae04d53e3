/**
 * Tests of subscribing for clients who know more of a topic than this instance does yet.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { messageOf } from "./fakes.ts";
import { Bench } from "./setup.ts";

const TOPIC = "a:1";

Deno.test("Hub.subscribe() reads the log anew for a client that is ahead of it", async () => {
  await using bench = new Bench();
  const client = bench.connect();
  const [position] = await bench.publish(TOPIC, 1);
  const { epoch = "" } = position ?? {};
  bench.broker.onRefresh = () => bench.publish(TOPIC, 2, 3);

  await bench.subscribe(client, TOPIC, { epoch, offset: 2 });

  assertEquals(client.socket.frames.map((frame) => JSON.parse(frame)), [{
    type: "subscribed",
    topic: TOPIC,
    epoch,
    offset: 3,
    recovered: true,
    messages: [JSON.parse(messageOf(TOPIC, 3, 3))],
  }]);
  assertEquals(bench.broker.calls, [`open ${TOPIC}`, `refresh ${TOPIC}`]);
});

for (
  const { name, since, calls } of [
    { name: "that is new", since: undefined, calls: [] },
    { name: "that is at the head", since: { offset: 1 }, calls: [] },
    { name: "that is behind", since: { offset: 0 }, calls: [] },
    { name: "that is ahead", since: { offset: 2 }, calls: [`refresh ${TOPIC}`] },
    { name: "of another life", since: { epoch: "x", offset: 0 }, calls: [`refresh ${TOPIC}`] },
  ]
) {
  Deno.test(`Hub.subscribe() asks the broker ${calls.length} times more for a client ${name}`, async () => {
    await using bench = new Bench();
    const [position] = await bench.publish(TOPIC, 1);
    const { epoch = "" } = position ?? {};

    await bench.subscribe(bench.connect(), TOPIC, since && { epoch, ...since });

    assertEquals(bench.broker.calls, [`open ${TOPIC}`, ...calls]);
  });
}

Deno.test("Hub.subscribe() rejects if the broker cannot tell what a client is ahead of", async () => {
  await using bench = new Bench();
  const client = bench.connect();
  bench.broker.onRefresh = () => {
    throw new BrokerUnavailable("cut off", 1_000);
  };

  const subscribing = bench.subscribe(client, TOPIC, { epoch: "x", offset: 1 });

  await assertRejects(() => subscribing, BrokerUnavailable);
  assertEquals([client.socket.frames, bench.metrics.gauges.topics], [[], 0]);
  assertEquals(bench.broker.calls, [`open ${TOPIC}`, `refresh ${TOPIC}`, `close ${TOPIC}`]);
});
