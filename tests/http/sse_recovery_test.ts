/**
 * Tests of streams that resume after a break, and of their positions.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SseClient } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const TOPIC = "event:42";

testOnEach(
  "a stream resumes after its Last-Event-ID, with each message exactly once",
  async (startLive) => {
    await using live = await startLive();
    const first = await SseClient.open(live, [TOPIC]);
    await live.publish(TOPIC, 1, 2);
    await first.take(2);
    await first.close();
    await live.publish(TOPIC, 3, 4);

    await using second = await SseClient.to(live, [TOPIC], { "last-event-id": first.lastEventId });
    const [, subscribed] = await second.take(2);
    await live.publish(TOPIC, 5);
    const next = await second.next();

    const { epoch, recovered, offset, messages } = subscribed;
    assertEquals(`${epoch}:2`, first.lastEventId);
    assertEquals([recovered, offset], [true, 4]);
    assertEquals([...messages, next].map(({ data }) => data), [3, 4, 5]);
    assertEquals(live.metrics.recoveries, { hit: 1, miss: 0 });
  },
);

testOnEach(
  "a stream starts over after a Last-Event-ID of another epoch",
  async (startLive) => {
    await using live = await startLive();
    await live.publishAll({ topic: TOPIC, key: "k", data: 1 });

    await using client = await SseClient.to(live, [TOPIC], { "last-event-id": "other:0" });

    const [, { recovered, messages }] = await client.take(2);
    assertEquals([recovered, messages.length], [false, 1]);
    assertEquals(live.metrics.recoveries, { hit: 0, miss: 1 });
  },
);

testOnEach(
  "a stream of a topic that the URL names twice resumes after its Last-Event-ID",
  async (startLive) => {
    await using live = await startLive();
    const first = await SseClient.open(live, [TOPIC]);
    await first.close();

    const headers = { "last-event-id": first.lastEventId };
    await using second = await SseClient.to(live, [TOPIC, TOPIC], headers);

    assertEquals((await second.take(2))[1]?.recovered, true);
  },
);

for (
  const [name, lastEventId] of [
    ["malformed", "17"],
    ["of more topics", "a:1,b:2"],
    ["empty", ""],
  ] as const
) {
  testOnEach(`a stream starts over if its Last-Event-ID is ${name}`, async (startLive) => {
    await using live = await startLive();

    await using client = await SseClient.to(live, [TOPIC], { "last-event-id": lastEventId });

    assertEquals((await client.take(2))[1]?.recovered, false);
    assertEquals(live.metrics.recoveries, { hit: 0, miss: 0 }, "it is no recovery");
  });
}

testOnEach("a stream of several topics resumes each at its own position", async (startLive) => {
  await using live = await startLive();
  const topics = ["event:1", "event:2"];
  const first = await SseClient.open(live, topics);
  await live.publish("event:1", 1);
  await first.next();
  await first.close();
  await live.publish("event:1", 2);
  await live.publish("event:2", 1);

  await using second = await SseClient.to(live, topics, { "last-event-id": first.lastEventId });

  const [, ...starts] = await second.take(3);
  assertEquals(
    starts.map(({ topic, recovered, messages }) => [
      topic,
      recovered,
      messages.map(({ data }: { data: number }) => data),
    ]).toSorted(),
    [["event:1", true, [2]], ["event:2", true, [1]]],
  );
});

testOnEach("a stream follows a topic that starts over unasked", async (startLive) => {
  await using live = await startLive();
  await using client = await SseClient.open(live, [TOPIC]);
  const [connection] = live.connections;

  connection?.send({
    type: "subscribed",
    topic: TOPIC,
    epoch: "next-life",
    offset: 9,
    recovered: false,
    messages: [],
  });

  assertEquals((await client.event()).id, "next-life:9");
});

testOnEach("a stream keeps its position with messages that have none", async (startLive) => {
  await using live = await startLive();
  await using client = await SseClient.open(live, [TOPIC]);
  const { lastEventId } = client;

  live.connections[0]?.send({
    type: "error",
    code: "unavailable",
    message: "x",
    topic: "event:1",
    retryAfterMs: 600_000,
  });

  const { id, data } = await client.event();
  assertEquals([JSON.parse(data).type, id], ["error", lastEventId]);
  assertEquals(client.text.split("\nid: ").length, 2);
});
