/**
 * Tests of what clients are told when Redis comes back with other data than it went away with.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { publications, RedisServer, redisTest, startHub, TestBroker } from "./setup.ts";

/** Has somebody work on a server's data, or on a copy of older data, while the server is away. */
async function meanwhile(
  redis: RedisServer,
  work: (broker: TestBroker) => Promise<unknown>,
  data?: string,
): Promise<void> {
  await redis.kill();
  await using other = await RedisServer.start({
    durable: true,
    data: data ?? await redis.backUp(),
  });
  const broker = await TestBroker.start(other, { historySize: 3 });
  await work(broker).finally(() => broker.stop());
  await other.kill();
  await redis.restore(await other.backUp());
}

/** Returns offset and data of messages, or what else they are. */
function outline(messages: readonly Record<string, unknown>[]): unknown[] {
  return messages.map(({ type, offset, data, skipped }) => {
    if (type !== "message") return `${type} ${offset}`;
    return skipped === undefined ? [offset, data] : [offset, data, `skipped ${skipped}`];
  });
}

redisTest("Hub on Redis sends what was published elsewhere during an outage, once", async () => {
  await using redis = await RedisServer.start({ durable: true });
  await using setup = await startHub(redis);
  const client = await setup.join("a:1");
  await setup.hub.publish(publications("a:1", 1, 2));
  await client.until(({ length }) => length === 3);

  await meanwhile(redis, (broker) => broker.publish(publications("a:1", 3, 4)));

  await client.until(({ length }) => length === 5);
  assertEquals(outline(client.messages), ["subscribed 0", [1, 1], [2, 2], [3, 3], [4, 4]]);
});

redisTest("Hub on Redis says how many messages of an outage no history holds", async () => {
  await using redis = await RedisServer.start({ durable: true });
  await using setup = await startHub(redis, { historySize: 3 });
  const client = await setup.join("a:1");
  await setup.hub.publish(publications("a:1", 1, 2));
  await client.until(({ length }) => length === 3);

  await meanwhile(redis, async (broker) => {
    await broker.publish([
      ...publications("a:1", 3, 4),
      { topic: "a:1", data: "5", key: "k" },
      ...publications("a:1", 6, 7),
      { topic: "a:1", data: "8", key: "l" },
      ...publications("a:1", 9, 10, 11, 12, 13),
    ]);
  });

  await client.until((messages) => messages.at(-1)?.["offset"] === 13);
  assertEquals(outline(client.messages.slice(3)), [
    [5, 5, "skipped 2"],
    [8, 8, "skipped 2"],
    [11, 11, "skipped 2"],
    [12, 12],
    [13, 13],
  ]);
  assertEquals(setup.metrics.missed, 6);
});

redisTest("Hub on Redis begins anew when Redis has come back empty", async () => {
  await using redis = await RedisServer.start();
  await using setup = await startHub(redis);
  const clients = [await setup.join("a:1"), await setup.join("a:1")];
  await setup.hub.publish(publications("a:1", 1, 2));
  await Promise.all(clients.map((client) => client.until(({ length }) => length === 3)));

  await redis.restart({ empty: true });

  await Promise.all(clients.map((client) => client.until(({ length }) => length === 4)));
  const [position] = await setup.hub.publish(publications("a:1", 3));
  for (const client of clients) {
    await client.until(({ length }) => length === 5);
    const [first, , , start, message] = client.messages;
    assertEquals(start, {
      type: "subscribed",
      topic: "a:1",
      epoch: position?.epoch,
      offset: 0,
      recovered: false,
      messages: [],
    });
    assertNotEquals(first?.["epoch"], position?.epoch);
    assertEquals(message, { type: "message", topic: "a:1", offset: 1, data: 3 });
  }
});

redisTest("Hub on Redis begins anew with the first publication after FLUSHALL", async () => {
  await using redis = await RedisServer.start();
  await using setup = await startHub(redis);
  const client = await setup.join("a:1");
  await setup.hub.publish(publications("a:1", 1, 2));
  await client.until(({ length }) => length === 3);

  await redis.command("FLUSHALL");
  const [position] = await setup.hub.publish(publications("a:1", 3, 4));

  await client.until((messages) => messages.at(-1)?.["data"] === 4);
  assertEquals(outline(client.messages.slice(3)), ["subscribed 0", [1, 3], [2, 4]]);
  assertEquals(client.messages[3]?.["epoch"], position?.epoch);
});

redisTest("Hub on Redis begins anew when Redis was set back", async () => {
  await using redis = await RedisServer.start({ durable: true });
  await using setup = await startHub(redis);
  const client = await setup.join("a:1");
  const [first] = await setup.hub.publish(publications("a:1", 1, 2));
  await client.until(({ length }) => length === 3);
  const data = await redis.backUp();
  await setup.hub.publish(publications("a:1", 3, 4));
  await client.until(({ length }) => length === 5);

  await redis.restore(data);
  await client.until(({ length }) => length > 5);
  const [last] = await setup.hub.publish(publications("a:1", 5));

  await client.until((messages) => messages.at(-1)?.["data"] === 5);
  assertEquals(outline(client.messages.slice(5)), ["subscribed 0", [1, 1], [2, 2], [3, 5]]);
  assertEquals([client.messages[5]?.["epoch"], last?.offset], [last?.epoch, 3]);
  assertNotEquals(first?.epoch, last?.epoch);
});

redisTest("Hub on Redis begins anew when Redis was set back and has grown past it", async () => {
  await using redis = await RedisServer.start({ durable: true });
  await using setup = await startHub(redis);
  const client = await setup.join("a:1");
  await setup.hub.publish(publications("a:1", 1));
  await client.until(({ length }) => length === 2);
  const data = await redis.backUp();
  await setup.hub.publish(publications("a:1", 2, 3));
  await client.until(({ length }) => length === 4);

  await meanwhile(redis, (broker) => broker.publish(publications("a:1", 7, 8, 9)), data);

  await client.until(({ length }) => length > 4);
  const [position] = await setup.hub.publish(publications("a:1", 10));
  await client.until((messages) => messages.at(-1)?.["data"] === 10);
  // Of four messages the history holds three: the new life begins with the snapshot, which is empty.
  assertEquals(outline(client.messages.slice(4)), ["subscribed 4", [5, 10]]);
  assertEquals(client.messages[4]?.["messages"], []);
  assertEquals(client.messages[4]?.["epoch"], position?.epoch);
  assertNotEquals(client.messages[0]?.["epoch"], position?.epoch);
});
