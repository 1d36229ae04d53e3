/**
 * Tests of what two brokers on one Redis see of each other.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Position, Publication, TopicLog } from "../../live/domain/broker.ts";
import { Random } from "../support/random.ts";
import { dataOf, messageOf, publications, RedisServer, redisTest, TestBroker } from "./setup.ts";

redisTest("RedisBroker sees what another publishes", async () => {
  await using redis = await RedisServer.start();
  await using here = await TestBroker.start(redis);
  await using there = await TestBroker.start(redis);
  const log = await here.open("a:1");

  const [position] = await there.publish([{ topic: "a:1", data: "1", key: "k" }]);

  await here.until(() => log.head === 1);
  assertEquals(log.read(0, Infinity), [messageOf("a:1", 1, 1, "k")]);
  assertEquals(position, { topic: "a:1", offset: 1, epoch: log.epoch });
});

redisTest("RedisBroker numbers on where another has published", async () => {
  await using redis = await RedisServer.start();
  await using here = await TestBroker.start(redis);
  await using there = await TestBroker.start(redis);
  const [first] = await here.publish(publications("a:1", 1));

  const [second] = await there.publish(publications("a:1", 2));

  assertEquals(second, { topic: "a:1", offset: 2, epoch: first?.epoch });
});

redisTest("RedisBroker.stop() leaves the logs to the others", async () => {
  await using redis = await RedisServer.start();
  await using here = await TestBroker.start(redis);
  const there = await TestBroker.start(redis);
  await there.publish(publications("a:1", 1, 2));
  await there.stop();

  const log = await here.open("a:1");

  assertEquals(dataOf(log.read(0, Infinity)), [1, 2]);
});

const TOPICS = ["a:1", "b:1", "c:1"];

for (const seed of [1, 2, 3]) {
  redisTest(`RedisBrokers have equal logs, whoever publishes what: run ${seed}`, async () => {
    await using redis = await RedisServer.start();
    await using here = await TestBroker.start(redis, { historySize: 5_000 });
    await using there = await TestBroker.start(redis, { historySize: 5_000 });
    const brokers = [here, there];
    const random = new Random(seed);
    const under: Promise<void>[] = [];
    const written = new Map<string, string[]>(TOPICS.map((topic) => [topic, []]));
    const note = (batch: Publication[], positions: Position[]) => {
      for (const [i, { topic, data, key }] of batch.entries()) {
        const offset = positions[i]?.offset ?? 0;
        (written.get(topic) ?? [])[offset - 1] = messageOf(topic, offset, JSON.parse(data), key);
      }
    };
    for (let i = 0; i < 200; i++) {
      const batch = Array.from({ length: 1 + random.below(8) }, (): Publication => {
        const [topic, data] = [random.of(TOPICS), JSON.stringify([i, random.text(3)])];
        return random.below(3) > 0
          ? { topic, data, key: random.of(["x", "y", "z"]) }
          : { topic, data };
      });
      under.push(random.of(brokers).publish(batch).then((positions) => note(batch, positions)));
      if (random.below(10) === 0) random.of(brokers).open(random.of(TOPICS));
      if (random.below(20) === 0) random.of(brokers).close(random.of(TOPICS));
      if (random.below(5) === 0) await under[random.below(under.length)];
    }
    await Promise.all(under);

    for (const topic of TOPICS) {
      const messages = written.get(topic) ?? [];
      for (const broker of brokers) {
        const log: TopicLog = await broker.open(topic);
        await broker.until(() => log.head >= messages.length);
        // As one text each: to tell where such long lists differ takes minutes.
        assert(log.read(0, Infinity)?.join() === messages.join(), `${topic} differs`);
        const latest = new Map<string, string>();
        for (const message of messages) {
          const { key } = JSON.parse(message);
          latest.delete(key);
          if (key !== undefined) latest.set(key, message);
        }
        assertEquals(log.latest(), [...latest.values()]);
      }
      assert(messages.length > 100);
    }
  });
}
