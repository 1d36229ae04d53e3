/**
 * Tests of streams of events on the wire.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { userOf } from "../support/authorities.ts";
import { SseClient } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const TOPIC = "event:42";

testOnEach("GET /sse sends the same messages as a WebSocket, each as an event", async (start) => {
  await using live = await start();
  await live.publishAll({ topic: TOPIC, key: "car-7", data: { x: 17.3 } });
  await using client = await SseClient.to(live, [TOPIC]);
  const [welcome, subscribed] = [await client.event(), await client.event()];
  await live.publishAll({ topic: TOPIC, key: "car-7", data: { x: 17.4 } });
  await client.event();
  const { epoch } = JSON.parse(subscribed.data);
  const connection = live.connections[0]?.id;

  await live.server.stop();
  const closed = await client.event();
  assert(await client.ended, "the stream ends whole");

  const before = `{"type":"message","topic":"event:42","offset":1,"key":"car-7","data":{"x":17.3}}`;
  assertEquals(
    client.text,
    `data: {"type":"welcome","connection":"${connection}","user":${JSON.stringify(userOf("ada"))}` +
      `,"instance":"test"}\nretry: ${welcome.retry}\n\n` +
      `data: {"type":"subscribed","topic":"event:42","epoch":"${epoch}","offset":1,` +
      `"recovered":false,"messages":[${before}]}\nid: ${epoch}:1\n\n` +
      `data: {"type":"message","topic":"event:42","offset":2,"key":"car-7","data":{"x":17.4}}\n` +
      `id: ${epoch}:2\n\n` +
      `event: close\ndata: {"code":1001,"reason":"server shutting down; retry in ${closed.retry}"}\n` +
      `retry: ${closed.retry}\n\n`,
  );
});

testOnEach("GET /sse sends headers against caching, buffering and sniffing", async (start) => {
  await using live = await start();
  await using client = await SseClient.to(live, [TOPIC]);

  const { date, connection: _, "keep-alive": __, ...headers } = Object.fromEntries(
    client.response.headers,
  );

  assertMatch(date ?? "", /GMT$/);
  assertEquals(headers, {
    "cache-control": "no-store",
    "content-type": "text/event-stream",
    "transfer-encoding": "chunked",
    "vary": "Origin",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  });
});

testOnEach("GET /sse works with an EventSource", async (startLive) => {
  await using live = await startLive({ authority: null });
  const source = new EventSource(`${live.http}/sse?topic=${TOPIC}`);
  const { promise: closed, resolve } = Promise.withResolvers<MessageEvent>();
  source.addEventListener("close", (event) => {
    source.close();
    resolve(event);
  });
  const messages: MessageEvent[] = [];
  const { promise: three, resolve: done } = Promise.withResolvers<void>();
  source.onmessage = (event) => {
    if (messages.push(event) === 2) live.publish(TOPIC, "x");
    if (messages.length === 3) done();
  };
  await three;

  await live.server.stop();

  assertEquals(JSON.parse((await closed).data).code, 1001);
  const [, subscribed] = messages.map(({ data }) => JSON.parse(data));
  assertEquals(messages.map(({ data, lastEventId }) => [JSON.parse(data).type, lastEventId]), [
    ["welcome", ""],
    ["subscribed", `${subscribed.epoch}:0`],
    ["message", `${subscribed.epoch}:1`],
  ]);
});

testOnEach("GET /sse makes one event with its id of each message in a frame", async (start) => {
  await using live = await start();
  await using client = await SseClient.open(live, [TOPIC]);
  const [epoch] = client.lastEventId.split(":");

  await live.publish(TOPIC, 1, 2, 3);

  const events = [await client.event(), await client.event(), await client.event()];
  assertEquals(
    events.map(({ data, id }) => [JSON.parse(data).data, id]),
    [[1, `${epoch}:1`], [2, `${epoch}:2`], [3, `${epoch}:3`]],
  );
});

testOnEach(
  "GET /sse sends the positions of several topics as the id, in the URL's order",
  async (startLive) => {
    await using live = await startLive();
    await using client = await SseClient.to(live, ["event:2", "event:1"]);
    const [, ...starts] = await client.take(3);
    const epochs = Object.fromEntries(starts.map(({ topic, epoch }) => [topic, epoch]));

    await live.publish("event:1", "a");
    const first = await client.event();
    await live.publish("event:2", "b");
    const second = await client.event();

    assertEquals([first.id, second.id], [
      `${epochs["event:2"]}:0,${epochs["event:1"]}:1`,
      `${epochs["event:2"]}:1,${epochs["event:1"]}:1`,
    ]);
  },
);

testOnEach("GET /sse subscribes once to a topic that the URL names twice", async (startLive) => {
  await using live = await startLive();
  await using client = await SseClient.to(live, [TOPIC, TOPIC]);

  await client.take(2);
  await live.publish(TOPIC, "x");

  assertEquals((await client.next()).data, "x");
  assertEquals(live.metrics.gauges.subscriptions, 1);
  assertMatch(client.lastEventId, /^[^,]+:1$/);
});

testOnEach("GET /sse decodes the names of topics", async (startLive) => {
  await using live = await startLive();
  await using client = await SseClient.to(live, ["event:ä &+=b"]);

  assertEquals((await client.take(2))[1]?.topic, "event:ä &+=b");
});

testOnEach(
  "a stream counts as a connection, and its events as outbound messages",
  async (startLive) => {
    await using live = await startLive();
    await using client = await SseClient.open(live, [TOPIC]);

    await live.publish(TOPIC, 1, 2);
    await client.take(2);

    const { gauges, upgrades, outbound, inbound } = live.metrics;
    assertEquals([gauges.connections, gauges.subscriptions, upgrades], [1, 1, ["accepted"]]);
    assertEquals([outbound.welcome, outbound.subscribed, outbound.message], [1, 1, 2]);
    assertEquals(inbound, { subscribe: 0, unsubscribe: 0, ping: 0, invalid: 0 });
  },
);

testOnEach("a stream gets a comment after each silent ping interval", async (startLive) => {
  await using live = await startLive({ options: { pingIntervalMs: 20 } });
  await using client = await SseClient.open(live, [TOPIC]);
  while (client.comments.length < 2) await client.received();

  await live.publish(TOPIC, "x");

  assertEquals((await client.next()).data, "x");
  assertEquals(client.comments.slice(0, 2), ["ping", "ping"]);
});

testOnEach("a client that closes its stream leaves nothing behind", async (startLive) => {
  await using live = await startLive();
  const client = await SseClient.open(live, ["event:1", "event:2"]);

  await client.close();
  await live.metrics.until(({ disconnects }) => disconnects.length > 0);

  assertEquals(live.metrics.disconnects, [1005]);
  const { connections, closingSockets, subscriptions, topics } = live.metrics.gauges;
  assertEquals([connections, closingSockets, subscriptions, topics], [0, 0, 0, 0]);
  await assertRejects(() => client.event());
});
