/**
 * Tests of the Last-Event-ID of streams. Behaviour that they share with WebSockets is tested in
 * recovery_test.ts.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SseClient } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const TOPIC = "event:42";

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

testOnEach("a stream starts over if its Last-Event-ID is malformed", async (startLive) => {
  await using live = await startLive();

  await using client = await SseClient.to(live, [TOPIC], { "last-event-id": "17" });

  assertEquals((await client.take(2))[1]?.recovered, false);
  assertEquals(live.metrics.recoveries, { hit: 0, miss: 0 }, "it is no recovery");
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
