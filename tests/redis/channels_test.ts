/**
 * Tests of the channels that a broker subscribes to, and of freeing replicas.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  brokerTest,
  dataOf,
  keyOf,
  publication,
  publications,
  type RedisServer,
  TestBroker,
} from "./setup.ts";

async function channels(redis: RedisServer): Promise<unknown> {
  return [await redis.command("PUBSUB", "CHANNELS")].flat().toSorted();
}

brokerTest("RedisBroker.open() subscribes only to open topics", async (broker, redis) => {
  await broker.publish(publications("c:1", 1));
  assertEquals(await channels(redis), []);

  await Promise.all([broker.open("a:1"), broker.open("b:1"), broker.open("a:1")]);

  assertEquals(await channels(redis), [keyOf("0", "a:1"), keyOf("0", "b:1")].toSorted());
});

for (
  const [name, acts, isOpen] of [
    ["closed", ["open", "close"], false],
    ["closed while it is being opened", ["opening", "close"], false],
    ["closed and opened again", ["open", "close", "opening"], true],
    ["closed after another close and open", ["open", "close", "opening", "close"], false],
    [
      "opened and closed many times, and closed in the end",
      ["open", ...["close", "opening", "close", "opening", "close", "opening", "close"]],
      false,
    ],
  ] as const
) {
  const result = isOpen ? "stays subscribed" : "unsubscribes";
  brokerTest(`RedisBroker ${result} if a topic is ${name}`, async (broker, redis) => {
    const opening: Promise<unknown>[] = [];
    for (const act of acts) {
      if (act === "close") broker.close("a:1");
      else opening.push(broker.open("a:1"));
      if (act === "open") await opening.at(-1);
    }
    await Promise.all(opening);

    await broker.open("b:1"); // answered after everything before it

    const expected = [...isOpen ? [keyOf("0", "a:1")] : [], keyOf("0", "b:1")].toSorted();
    assertEquals(await channels(redis), expected);
    if (!isOpen) return;
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 1));
    await broker.until(() => log.head === 1);
  });
}

brokerTest("RedisBroker ignores announcements of a topic that was just closed", async (broker) => {
  await Promise.all([broker.open("a:1"), broker.open("b:1")]);
  const changed = Promise.withResolvers<string>();
  broker.onChanged = (topic) => {
    broker.close("b:1"); // the announcement arrives together with this close
    changed.resolve(topic);
  };
  await broker.publish([...publications("a:1", 1), ...publications("b:1", 2)]);
  assertEquals(await changed.promise, "a:1");
  broker.onChanged = () => {};
  await broker.open("c:1"); // answered after the close
  await broker.publish(publications("b:1", 3));

  const log = await broker.open("b:1");

  assertEquals(dataOf(log.read(0, Infinity)), [2, 3]);
  assertEquals(broker.changed.filter((topic) => topic === "b:1").length, 2); // one change for each open
});

brokerTest("RedisBroker.close() frees the replica", async (broker) => {
  await broker.publish([publication("a:1", 1, "k"), publication("a:1", 2)]);
  const log = await broker.open("a:1");
  const { historyBytes } = broker.link.metrics.gauges;

  broker.close("a:1");

  assertEquals([historyBytes > 0, broker.link.metrics.gauges.historyBytes], [true, 0]);
  assertEquals([...log.latest(0)], []);
});

brokerTest(
  "RedisBroker.stop() closes its topics, but keeps the link and the logs",
  async (broker, redis) => {
    await using other = await TestBroker.start(redis);
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 1, 2));
    await broker.until(() => log.head === 2);
    const { session } = broker.link;

    await Promise.all([broker.stop(), broker.stop()]);

    await session?.channels.subscribe("any", () => {}); // answered after the unsubscription
    assertEquals([await channels(redis), broker.link.session], [["any"], session]);
    assertEquals(dataOf((await other.open("a:1")).read(0, Infinity)), [1, 2]);
  },
);
