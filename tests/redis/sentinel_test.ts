/**
 * Tests of a broker on the master that Sentinel names.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { RedisSentinels } from "../support/redis_sentinel.ts";
import { dataOf, publications, RedisServer, redisTest, TestBroker, TestLink } from "./setup.ts";

const PASSWORD = "p@ss:word of tests";

redisTest("RedisBroker continues with the replica that Sentinel promotes", async () => {
  await using sentinels = await RedisSentinels.start({ sentinels: 3 });
  await using broker = await TestBroker.start(sentinels);
  const log = await broker.open("a:1");
  await broker.publish(publications("a:1", 1));
  await sentinels.replicated();
  const { epoch } = log;

  await sentinels.failOver();
  await broker.link.up(2);

  await broker.publish(publications("a:1", 2));
  await broker.until(() => log.head === 2);
  assertEquals([log.epoch, dataOf(log.read(0, Infinity))], [epoch, [1, 2]]);
});

redisTest(
  "RedisBroker begins a new life of topics of which the promoted replica lacks publications",
  async () => {
    await using sentinels = await RedisSentinels.start({ password: "right" });
    await using broker = await TestBroker.start(sentinels);
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 1));
    await broker.until(() => log.head === 1);
    await sentinels.replicated();
    const { epoch } = log;
    const [master, replica] = sentinels.servers;
    await replica.command("CONFIG", "SET", "masterauth", "wrong"); // it cannot reconnect to its master
    await master.command("CLIENT", "KILL", "TYPE", "replica");
    await broker.publish(publications("a:1", 2));
    await broker.until(() => log.head === 2);

    await master.kill();
    await broker.link.up(2);

    await broker.until(() => log.epoch !== epoch);
    assertNotEquals(log.epoch, epoch);
    const [position] = await broker.publish(publications("a:1", 3));
    assertEquals([position?.offset, position?.epoch], [2, log.epoch]);
    await broker.until(() => log.head === 2);
    assertEquals(dataOf(log.read(0, Infinity)), [1, 3]);
  },
);

redisTest(
  "RedisLink follows Sentinel to another master even if the former one still works",
  async () => {
    await using sentinels = await RedisSentinels.start();
    await using link = new TestLink(sentinels);
    link.start();
    await link.up();
    const [, replica] = sentinels.servers;
    await replica.command("REPLICAOF", "NO", "ONE");

    await sentinels.monitor(replica.port);

    await link.up(2);
    const { lines } = link.logger;
    const reasons = lines.filter(({ level }) => level === "warn").map(({ fields }) =>
      fields["reason"]
    );
    assertEquals(reasons, ["the master is another one"]);
  },
);

for (const sentinelPassword of [undefined, PASSWORD]) {
  const name = sentinelPassword === undefined ? "no password" : "the password of Redis";
  redisTest(`RedisLink logs in if Sentinels have ${name}`, async () => {
    await using sentinels = await RedisSentinels.start({
      password: PASSWORD,
      ...sentinelPassword === undefined ? {} : { sentinelPassword },
    });
    await using link = new TestLink(sentinels);

    link.start();

    await link.up();
    assertEquals(link.trouble, undefined);
  });
}

redisTest("RedisLink reports what is wrong with Sentinels, without passwords", async () => {
  await using sentinels = await RedisSentinels.start({ password: PASSWORD });
  await using server = await RedisServer.start();
  const unknown = sentinels.url.replace("live-master", "another");
  const noSentinel = `redis+sentinel://:secret@127.0.0.1:${server.port},127.0.0.1:9/name`;
  for (
    const [url, reason] of [[unknown, /it knows no master "another"/], [
      noSentinel,
      /127.0.0.1:9: /,
    ]] as const
  ) {
    await using link = new TestLink({ url });
    link.start();
    await link.down();
    assertMatch(link.trouble ?? "", reason);
    assertEquals(
      /secret|p%40ss|p@ss/.test(JSON.stringify([link.trouble, link.logger.lines])),
      false,
    );
  }
});
