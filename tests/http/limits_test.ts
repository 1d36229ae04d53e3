/**
 * Tests of the limits of a connection, each at its boundary. The limits on connections are tested
 * in admission_test.ts.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { withDefaults } from "../../live/http/live_options.ts";
import { createLive } from "../../live/live.ts";
import { cookieOf } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { testOnEach } from "../support/transports.ts";

const MAX_TOPICS = 128;
const BURST = 2 * MAX_TOPICS;

testOnEach("LiveServer allows a connection 128 topics, and refuses one more", async (start) => {
  await using live = await start({ maxTopics: MAX_TOPICS });
  await using client = await live.connect();
  for (let id = 1; id <= MAX_TOPICS; id++) {
    assertEquals((await client.subscribe(`event:${id}`)).type, "subscribed");
  }

  assertEquals(await client.subscribe("event:129", { id: "7" }), {
    type: "error",
    code: "limit",
    message: "Too many topics: at most 128",
    id: "7",
    topic: "event:129",
  });

  assertEquals(
    (await client.ask({ type: "unsubscribe", topic: "event:1" })).type,
    "unsubscribed",
  );
  assertEquals((await client.subscribe("event:129")).type, "subscribed");
  assertEquals(live.metrics.gauges.subscriptions, MAX_TOPICS);
  assertEquals(live.metrics.outbound.error, 1);
});

testOnEach(
  "LiveServer allows a burst of 256 messages, and closes with 4429 at one more",
  async (startLive) => {
    assertEquals(withDefaults().messageBurst, BURST);
    await using live = await startLive({ options: { maxMessagesPerSecond: 1e-9 } });
    await using client = await live.connect();
    for (let count = 0; count < BURST; count++) client.send("?");
    await client.take(BURST);

    client.send("?");

    assertEquals(await client.outcome(), { code: 4429, reason: "too many messages" });
    assertEquals(live.metrics.inbound.invalid, BURST);
    assertEquals(live.metrics.disconnects, [4429]);
  },
);

testOnEach(
  "LiveServer allows a message of 65,536 bytes, and closes with 1009 at one more",
  async (startLive) => {
    await using live = await startLive();
    await using client = await live.connect();

    assertEquals((await client.ask("a".repeat(65_536))).code, "protocol-violation");
    client.send("a".repeat(65_537));

    assertEquals((await client.outcome()).code, 1009);
    assertEquals(live.metrics.disconnects, [1009]);
  },
);

for (
  const [name, message, answer] of [
    ["allows a topic of 256 characters", { topic: `event:${"1".repeat(250)}` }, "subscribed"],
    ["refuses a topic of 257", { topic: `event:${"1".repeat(251)}` }, "bad-topic"],
    ["allows an id of 64 characters", { topic: "event:1", id: "i".repeat(64) }, "subscribed"],
    ["refuses an id of 65", { topic: "event:1", id: "i".repeat(65) }, "protocol-violation"],
  ] as const
) {
  testOnEach(`LiveServer ${name}`, async (startLive) => {
    await using live = await startLive();
    await using client = await live.connect();

    const { type, code = type } = await client.ask({ type: "subscribe", ...message });

    assertEquals(code, answer);
  });
}

testOnEach(
  "LiveServer allows a session cookie of 4,096 characters, and refuses 4,097",
  async (startLive) => {
    await using live = await startLive();

    assertEquals((await live.knock("/", { cookie: cookieOf("x".repeat(4_096)) })).status, 101);
    assertEquals((await live.knock("/", { cookie: cookieOf("x".repeat(4_097)) })).status, 401);
    assertEquals(live.metrics.upgrades, ["accepted", "unauthorized"]);
  },
);

Deno.test("createLive() allows a burst of twice as many messages as topics", async () => {
  const live = createLive({
    host: "127.0.0.1",
    port: 0,
    maxTopics: 3,
    maxMessagesPerSecond: 1e-9,
  });
  const { port } = await live.start();
  await using client = await Client.connect(`ws://127.0.0.1:${port}`);
  await client.next();

  for (let count = 0; count < 7; count++) client.send("?");

  assertEquals((await client.take(6)).map(({ type }) => type), Array(6).fill("error"));
  assertEquals(await client.outcome(), { code: 4429, reason: "too many messages" });
  await live.stop();
});

Deno.test("the burst of messages is enough to subscribe to all topics, and to as many again", () => {
  assertEquals(withDefaults({ maxTopics: 1_000 }).messageBurst, 2_000);
  assertEquals(withDefaults({ maxTopics: 1_000, messageBurst: 5 }).messageBurst, 5);
});
