/**
 * Streams of events whose clients do not read, and the drain.
 *
 * The kernel takes some megabytes before a stream is seen to fill, so these tests send until it
 * does.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { cookieOf } from "../support/authorities.ts";
import type { Live } from "../support/live.ts";
import { turn } from "../support/queue.ts";
import { RawClient } from "../support/raw_client.ts";
import { SseClient, urlOf } from "../support/sse_client.ts";
import { testOn, testOnEach } from "../support/transports.ts";

const options = { backpressureThresholdBytes: 65_536 };
const TOPIC = "event:1";
const BLOCK = "x".repeat(250_000);
/** More blocks than any kernel takes: whoever has not read by then is stuck. */
const STUCK = 100;
/** More blocks than are published until a reader that is stuck is found. */
const MANY = 2 * STUCK;
/** How long nothing must drain until a reader counts as stuck, in milliseconds. */
const STALL_MS = 1_000;
const TOO_SLOW = { code: 1008, reason: "back-pressure threshold exceeded" };

/** Connects a client that reads the head of the answer, and then no more. */
async function connectStuck(live: Live): Promise<RawClient> {
  const client = await RawClient.connect(live.port);
  await client.request(`/sse?topic=${TOPIC}`, { host: "live.example", cookie: cookieOf("stuck") });
  assertEquals((await client.head()).status, 200);
  return client;
}

/** Publishes blocks, each when the last has been sent, until a connection is ended. */
async function publishUntilEnd(live: Live, afterEach: () => Promise<unknown>): Promise<number> {
  let count = 0;
  while (live.metrics.disconnects.length === 0) {
    assertLess(count++, MANY);
    await live.publish(TOPIC, BLOCK);
    await afterEach();
    if (count > STUCK) live.passTime(STALL_MS);
  }
  return count;
}

testOnEach(
  "a stream that nobody reads is ended, and others receive everything",
  async (startLive) => {
    await using live = await startLive({ options });
    await using client = await SseClient.to(live, [TOPIC]);
    await client.take(2);
    using _stuck = await connectStuck(live);
    const offsets: number[] = [];
    const receive = async () => offsets.push((await client.next()).offset);

    const count = await publishUntilEnd(live, receive);
    await live.publish(TOPIC, "after");
    await receive();

    assertEquals(offsets, Array.from({ length: count + 1 }, (_, index) => index + 1));
    assertEquals(live.metrics.disconnects, [1008]);
  },
);

testOnEach(
  "a stream that nobody reads is forgotten at once, holds nothing, and is counted",
  async (startLive) => {
    await using live = await startLive({ options });
    using stuck = await connectStuck(live);

    await publishUntilEnd(live, turn);

    const { connections, subscriptions, topics, closingSockets } = live.metrics.gauges;
    assertEquals([connections, subscriptions, topics, closingSockets], [0, 0, 0, 1]);
    assertLess(live.connections[0]?.bufferedBytes ?? NaN, 100);

    stuck.close();
    await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
  },
);

testOn("ws", "a stream that nobody reads is broken by itself", async (startLive) => {
  await using live = await startLive({ options: { ...options, closeTimeoutMs: 20 } });
  using stuck = await connectStuck(live);

  await publishUntilEnd(live, turn);

  await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
  await stuck.ended();
  assertEquals(live.metrics.disconnects, [1008]);
});

testOnEach(
  "a stream that nobody read tells why it ended, and where it stood, to who reads again",
  async (startLive) => {
    await using live = await startLive({ options });
    const headers = { cookie: cookieOf("ada") };
    const response = await fetch(urlOf(live, [TOPIC]), { headers });
    const published = await publishUntilEnd(live, turn);

    await using slow = new SseClient(response);
    await slow.take(2);
    const offsets: number[] = [];
    let last = await slow.event();
    for (; last.event === "message"; last = await slow.event()) {
      offsets.push(JSON.parse(last.data).offset);
    }

    assertEquals([last.event, JSON.parse(last.data)], ["close", TOO_SLOW]);
    assert(await slow.ended, "the stream ends whole");
    const upTo = offsets.at(-1) ?? 0;
    assertEquals(offsets, offsets.toSorted((a, b) => a - b));
    assertLess(upTo, published, "what it could not take was not sent");
    assertEquals(slow.lastEventId.split(":")[1], `${upTo}`);

    await using next = await SseClient.to(live, [TOPIC], { "last-event-id": slow.lastEventId });
    const [, { recovered, messages }] = await next.take(2);
    assertEquals([recovered, messages.length], [true, published - upTo]);
  },
);

testOnEach(
  "a stream that is read slower than is published, but read, is kept",
  async (startLive) => {
    await using live = await startLive({ options: { backpressureThresholdBytes: 4_194_304 } });
    const response = await fetch(urlOf(live, [TOPIC]), { headers: { cookie: cookieOf("ada") } });
    for (let count = 0; count < 24; count++) await live.publish(TOPIC, BLOCK);

    await using slow = new SseClient(response);
    await slow.take(2);
    const messages = await slow.take(24);

    assertEquals(
      messages.map(({ offset }) => offset),
      Array.from({ length: 24 }, (_, index) => index + 1),
    );
    assertEquals(live.metrics.disconnects, []);
  },
);

testOnEach(
  "LiveServer.stop() closes streams with a time to come back at, and waits for them",
  async (startLive) => {
    await using live = await startLive();
    await using client = await SseClient.to(live, [TOPIC]);
    await using socket = await live.connect();

    const result = await live.server.stop();

    await client.take(2);
    const { event, data, retry } = await client.event();
    assertEquals(event, "close");
    assertMatch(data, /^\{"code":1001,"reason":"server shutting down; retry in [1-4]\d{3}"\}$/);
    assertEquals(JSON.parse(data).reason, `server shutting down; retry in ${retry}`);
    assert(await client.ended);
    assertEquals((await socket.closed).code, 1001);
    assertEquals(result, { stragglers: 0 });
    assertEquals(live.metrics.disconnects, [1001, 1001]);
  },
);

testOnEach(
  "LiveServer.stop() breaks a stream that nobody reads, at its deadline",
  async (startLive) => {
    await using live = await startLive({ options });
    await using healthy = await SseClient.to(live, [TOPIC]);
    await healthy.take(2);
    using stuck = await connectStuck(live);
    await publishUntilEnd(live, () => healthy.next());

    const result = await live.server.stop(20);

    assertEquals(result, { stragglers: live.transport === "deno" ? 1 : 0 });
    const { event, data } = await healthy.event();
    assertEquals([event, JSON.parse(data).code], ["close", 1001]);
    await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
    await stuck.ended(); // though it never read
    assertEquals(live.metrics.disconnects, [1008, 1001]);
  },
);
