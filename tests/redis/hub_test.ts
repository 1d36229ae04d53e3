/**
 * Tests of what subscribers get when Redis comes back with different data.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import {
  publication,
  publications,
  RedisServer,
  redisTest,
  removal,
  TestBroker,
  TestHub,
} from "./setup.ts";

/** While a server is down, lets another broker work on its data, or on older data. */
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
  await work(broker).finally(() => broker[Symbol.asyncDispose]());
  await other.kill();
  await redis.restore(await other.backUp());
}

/** Returns offset and payload of messages; type and offset of others. */
function outline(messages: readonly Record<string, unknown>[]): unknown[] {
  return messages.map(({ type, offset, data, removed, skipped }) => {
    if (type !== "message") return `${type} ${offset}`;
    const payload = removed ? "removed" : data;
    return skipped === undefined ? [offset, payload] : [offset, payload, `skipped ${skipped}`];
  });
}

for (
  const [name, historySize, published, expected] of [
    [
      "sends what another instance published during an outage, once",
      100,
      [publication("a:1", 3, "k"), publication("a:1", 4), removal("a:1", "k")],
      [[3, 3], [4, 4], [5, "removed"]],
    ],
    [
      "reports how many publications of an outage the log no longer holds",
      3,
      [
        publication("a:1", 3),
        publication("a:1", 4, "k"),
        ...publications("a:1", 5, 6),
        publication("a:1", 7, "l"),
        ...publications("a:1", 8, 9),
        removal("a:1", "unknown"),
        publication("a:1", 11),
      ],
      [[4, 4, "skipped 1"], [7, 7, "skipped 2"], [9, 9, "skipped 1"], [10, "removed"], [11, 11]],
    ],
    [
      "makes readers start over after an outage in which removals left the log",
      3,
      [removal("a:1", "k"), publication("a:1", 4, "l"), ...publications("a:1", 5, 6, 7)],
      ["subscribed 7"],
    ],
  ] as const
) {
  redisTest(`Hub on Redis ${name}`, async () => {
    await using redis = await RedisServer.start({ durable: true });
    await using hub = await TestHub.start(redis, { historySize });
    const client = await hub.join("a:1");
    await hub.publish([publication("a:1", 1, "k"), publication("a:1", 2)]);
    await client.until(({ length }) => length === 3);

    await meanwhile(redis, (broker) => broker.publish(published));

    const head = 2 + published.length;
    await client.until((messages) => messages.at(-1)?.["offset"] === head);
    assertEquals(outline(client.messages.slice(3)), [...expected]);
    const skipped = client.messages.reduce((sum, { skipped = 0 }) => sum + Number(skipped), 0);
    assertEquals(hub.link.metrics.missed, skipped);
    if (client.messages.at(-1)?.["type"] === "message") return;
    const { recovered, messages } = client.messages.at(-1) ?? {};
    const snapshot = [{ type: "message", topic: "a:1", offset: 4, key: "l", data: 4 }];
    assertEquals([recovered, messages], [false, snapshot]);
  });
}

redisTest("Hub on Redis begins a new life when Redis has come back empty", async () => {
  await using redis = await RedisServer.start();
  await using hub = await TestHub.start(redis);
  const clients = [await hub.join("a:1"), await hub.join("a:1")];
  await hub.publish(publications("a:1", 1, 2));
  await Promise.all(clients.map((client) => client.until(({ length }) => length === 3)));

  await redis.restart({ empty: true });

  await Promise.all(clients.map((client) => client.until(({ length }) => length === 4)));
  const [position] = await hub.publish(publications("a:1", 3));
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

redisTest("Hub on Redis begins a new life with the first publication after FLUSHALL", async () => {
  await using redis = await RedisServer.start();
  await using hub = await TestHub.start(redis);
  const client = await hub.join("a:1");
  await hub.publish(publications("a:1", 1, 2));
  await client.until(({ length }) => length === 3);

  await redis.command("FLUSHALL");
  const [position] = await hub.publish(publications("a:1", 3, 4));

  await client.until((messages) => messages.at(-1)?.["data"] === 4);
  assertEquals(outline(client.messages.slice(3)), ["subscribed 0", [1, 3], [2, 4]]);
  assertEquals(client.messages[3]?.["epoch"], position?.epoch);
});

redisTest("Hub on Redis begins a new life when Redis was set back", async () => {
  await using redis = await RedisServer.start({ durable: true });
  await using hub = await TestHub.start(redis);
  const client = await hub.join("a:1");
  const [first] = await hub.publish(publications("a:1", 1, 2));
  await client.until(({ length }) => length === 3);
  const data = await redis.backUp();
  await hub.publish(publications("a:1", 3, 4));
  await client.until(({ length }) => length === 5);

  await redis.restore(data);
  await client.until(({ length }) => length > 5);
  const [last] = await hub.publish(publications("a:1", 5));

  await client.until((messages) => messages.at(-1)?.["data"] === 5);
  assertEquals(outline(client.messages.slice(5)), ["subscribed 0", [1, 1], [2, 2], [3, 5]]);
  assertEquals([client.messages[5]?.["epoch"], last?.offset], [last?.epoch, 3]);
  assertNotEquals(first?.epoch, last?.epoch);
});

redisTest(
  "Hub on Redis begins a new life when Redis was set back and has grown past it",
  async () => {
    await using redis = await RedisServer.start({ durable: true });
    await using hub = await TestHub.start(redis);
    const client = await hub.join("a:1");
    await hub.publish(publications("a:1", 1));
    await client.until(({ length }) => length === 2);
    const data = await redis.backUp();
    await hub.publish(publications("a:1", 2, 3));
    await client.until(({ length }) => length === 4);

    await meanwhile(redis, (broker) => broker.publish(publications("a:1", 7, 8, 9)), data);

    await client.until(({ length }) => length > 4);
    const [position] = await hub.publish(publications("a:1", 10));
    await client.until((messages) => messages.at(-1)?.["data"] === 10);
    // The log holds three of four publications, so the new life begins with the snapshot, which is empty.
    assertEquals(outline(client.messages.slice(4)), ["subscribed 4", [5, 10]]);
    assertEquals(client.messages[4]?.["messages"], []);
    assertEquals(client.messages[4]?.["epoch"], position?.epoch);
    assertNotEquals(client.messages[0]?.["epoch"], position?.epoch);
  },
);
