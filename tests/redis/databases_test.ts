/**
 * Tests of numbered databases.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { dataOf, keyOf, publications, RedisServer, redisTest, TestBroker } from "./setup.ts";

redisTest("RedisBroker uses only its own database, although databases share channels", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start({ url: `${redis.url}/3` });
  await using other = await TestBroker.start({ url: `${redis.url}/1` });
  await broker.publish(publications("a:1", 1));
  const log = await broker.open("a:1");
  const { epoch } = log;

  await other.publish(publications("a:1", 20, 30));
  await broker.publish(publications("a:1", 2));

  await broker.until(() => log.head === 2);
  assertEquals([log.epoch, dataOf(log.read(0, Infinity))], [epoch, [1, 2]]);
  const keyspace = String(await redis.command("INFO", "keyspace"));
  assertEquals([...keyspace.matchAll(/^db\d+/gm)].map(([name]) => name), ["db1", "db3"]);
  assertEquals(await redis.command("PUBSUB", "CHANNELS"), [keyOf("3", "a:1")]);
});
