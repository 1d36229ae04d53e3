/**
 * Tests of a connection's welcome, its fields and its messages.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { cookieOf, userOf } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { textFrame } from "../support/frames.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { testOnEach } from "../support/transports.ts";

testOnEach(
  "LiveServer welcomes a connection with its id, its user and the instance",
  async (startLive) => {
    await using live = await startLive();
    await using first = await Client.connect(live.ws, { cookie: cookieOf("ada") });
    await using second = await Client.connect(live.ws, { cookie: cookieOf("ada") });

    const { connection, ...welcome } = await first.next();

    assertEquals(welcome, { type: "welcome", user: userOf("ada"), instance: "test" });
    assertMatch(connection, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    assertNotEquals(connection, (await second.next()).connection);
  },
);

testOnEach(
  "LiveServer welcomes a connection before it answers its first message",
  async (startLive) => {
    await using live = await startLive();
    using client = await RawClient.connect(live.port);

    // The message arrives together with the handshake.
    await client.request("/", { ...UPGRADE_HEADERS, cookie: cookieOf("ada") });
    await client.sendFrame(textFrame('{"type":"subscribe","topic":"event:1"}'));
    await client.head();

    assertEquals((await client.message()).type, "welcome");
    assertEquals((await client.message()).type, "subscribed");
  },
);

for (
  const [name, authority, cookie, user] of [
    ["an authority has a user and a cookie", undefined, cookieOf("ada"), userOf("ada")],
    ["no authority has neither", null, undefined, null],
  ] as const
) {
  testOnEach(`Connection of a server with ${name}`, async (startLive) => {
    await using live = await startLive(authority === null ? { authority } : {});
    await using client = await Client.connect(live.ws, { cookie: `a=1; ${cookieOf("ada")}; b=2` });
    await client.next();

    const [connection] = live.connections;

    assertEquals(connection?.remoteAddress, "127.0.0.1");
    assertEquals([connection?.user, connection?.credential?.requestHeader()?.[1]], [user, cookie]);
  });
}

testOnEach(
  "Connection remembers when it opened and when its last message arrived",
  async (startLive) => {
    using time = new FakeTime();
    const openedAt = time.now;
    await using live = await startLive();
    await using client = await live.connect();
    const [connection] = live.connections;
    assertEquals([connection?.openedAt, connection?.lastSeenAt], [openedAt, openedAt]);

    time.tick(1_000);
    await client.ask("not a message");
    assertEquals([connection?.openedAt, connection?.lastSeenAt], [openedAt, openedAt + 1_000]);

    time.tick(1_000);
    await client.ask({ type: "unsubscribe", topic: "event:1" });
    assertEquals([connection?.openedAt, connection?.lastSeenAt], [openedAt, openedAt + 2_000]);
  },
);

testOnEach(
  "LiveServer sends a topic's messages to its subscribers until they unsubscribe",
  async (startLive) => {
    await using live = await startLive();
    await using ada = await live.connect("ada");
    await using bob = await live.connect("bob");
    const { epoch, ...subscribed } = await ada.subscribe("event:1", { id: "1" });
    assertEquals(subscribed, {
      type: "subscribed",
      topic: "event:1",
      id: "1",
      offset: 0,
      recovered: false,
      messages: [],
    });
    assertEquals(typeof epoch, "string");
    await bob.subscribe("event:2");

    await live.publish("event:1", { x: 1 });
    assertEquals(await ada.next(), {
      type: "message",
      topic: "event:1",
      offset: 1,
      data: { x: 1 },
    });
    assertEquals(await ada.ask({ type: "unsubscribe", topic: "event:1", id: "2" }), {
      type: "unsubscribed",
      topic: "event:1",
      id: "2",
    });
    await live.publish("event:1", 2);
    await live.publish("event:2", 3);

    assertEquals((await bob.next()).data, 3);
    assertEquals((await ada.ask("?")).code, "protocol-violation"); // and no message before it
  },
);

testOnEach(
  "LiveServer joins messages that were published together into one frame",
  async (startLive) => {
    await using live = await startLive();
    await using client = await live.connect();
    await client.subscribe("event:1");

    await live.publish("event:1", "a", "b", "c");

    assertEquals((await client.take(3)).map(({ offset, data }) => [offset, data]), [
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ]);
    assertEquals(client.frames.length, 3, "welcome, subscribed, and one of all three");
  },
);

testOnEach(
  "LiveServer answers a forbidden topic with an error, and keeps the connection",
  async (startLive) => {
    await using live = await startLive();
    await using client = await live.connect();

    assertEquals(await client.subscribe("secret:1", { id: "7" }), {
      type: "error",
      code: "forbidden",
      message: "Not allowed to listen to this topic",
      id: "7",
      topic: "secret:1",
    });
    assertEquals((await client.subscribe("event:1")).type, "subscribed");
  },
);

testOnEach(
  "LiveServer counts the close code of a client, and forgets the connection",
  async (startLive) => {
    await using live = await startLive();
    await using client = await live.connect();
    await client.subscribe("event:1");

    await client.close(4_000);
    await live.metrics.until(({ gauges }) => gauges.closingSockets + gauges.connections === 0);

    assertEquals(live.metrics.disconnects, [4_000]);
    assertEquals(live.metrics.gauges.subscriptions, 0);
  },
);

testOnEach("LiveServer counts a connection that broke off, and forgets it", async (start) => {
  await using live = await start();
  using client = await live.connectRaw();

  client.close();
  await live.metrics.until(({ gauges }) => gauges.closingSockets + gauges.connections === 0);

  assertEquals(live.metrics.disconnects, [live.transport === "deno" ? 0 : 1006]);
});
