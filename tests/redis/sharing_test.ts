/**
 * Tests of two brokers that share one Redis.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Position } from "../../live/domain/broker.ts";
import type { Publication } from "../../live/domain/publication.ts";
import { Random } from "../support/random.ts";
import {
  entriesOf,
  publication,
  publications,
  RedisServer,
  redisTest,
  removal,
  TestBroker,
  TestHub,
} from "./setup.ts";

redisTest(
  "RedisBroker sees what another broker publishes and removes, and continues its offsets",
  async () => {
    await using redis = await RedisServer.start();
    await using here = await TestBroker.start(redis);
    await using there = await TestBroker.start(redis);
    const log = await here.open("a:1");

    await there.publish([publication("a:1", 1, "k"), publication("a:1", 2, "l")]);
    await here.publish([removal("a:1", "k")]);
    const [position] = await there.publish(publications("a:1", 4));

    await here.until(() => log.head === 4);
    assertEquals(position, { topic: "a:1", offset: 4, epoch: log.epoch });
    assertEquals(entriesOf(log.read(0, Infinity)), [
      [1, "k", "1"],
      [2, "l", "2"],
      [3, "k", undefined],
      [4, undefined, "4"],
    ]);
    assertEquals(entriesOf(log.latest(0)), [[2, "l", "2"]]);
  },
);

redisTest("RedisBroker.open() learns of removals that the log no longer holds", async () => {
  await using redis = await RedisServer.start();
  await using here = await TestBroker.start(redis, { historySize: 2 });
  await using there = await TestBroker.start(redis, { historySize: 2 });
  await here.publish([publication("a:1", 1, "k"), removal("a:1", "k"), publication("a:1", 3, "l")]);
  await here.publish(publications("a:1", 4, 5, 6));

  const log = await there.open("a:1");

  assertEquals([log.canCatchUp(1), log.canCatchUp(2)], [false, true]);
  assertEquals(entriesOf(log.held(2)), [[3, "l", "3"], [5, undefined, "5"], [6, undefined, "6"]]);
});

redisTest("Hub on Redis resumes on another instance, with removals, or starts over", async () => {
  await using redis = await RedisServer.start();
  await using here = await TestHub.start(redis, { historySize: 3 });
  await using there = await TestHub.start(redis, { historySize: 3 });
  const [since] = await here.publish([publication("a:1", 1, "k")]);
  await here.publish([publication("a:1", 2, "l"), removal("a:1", "k")]);

  const first = await there.join("a:1", since);
  await here.publish(publications("a:1", 4, 5, 6));
  const second = await here.join("a:1", since);

  const message = (offset: number, key: string, rest: object) => ({
    ...{ type: "message", topic: "a:1", offset, key },
    ...rest,
  });
  const update = message(2, "l", { data: 2 });
  const start = { type: "subscribed", topic: "a:1", epoch: since?.epoch };
  assertEquals([first.messages[0], second.messages[0]], [
    {
      ...start,
      offset: 3,
      recovered: true,
      messages: [update, message(3, "k", { removed: true })],
    },
    { ...start, offset: 6, recovered: false, messages: [update] },
  ]);
});

const TOPICS = ["a:1", "b:1", "c:1"];
const KEYS = ["x", "y", "z"];

for (const seed of [1, 2, 3]) {
  redisTest(`RedisBrokers hold equal logs while both publish: run ${seed}`, async () => {
    await using redis = await RedisServer.start();
    await using here = await TestBroker.start(redis, { historySize: 5_000 });
    await using there = await TestBroker.start(redis, { historySize: 5_000 });
    const brokers = [here, there];
    const random = new Random(seed);
    const inFlight: Promise<void>[] = [];
    const written = new Map(TOPICS.map((topic) => [topic, [] as Publication[]]));
    const note = (batch: Publication[], positions: Position[]) => {
      for (const [i, each] of batch.entries()) {
        (written.get(each.topic) ?? [])[(positions[i]?.offset ?? 0) - 1] = each;
      }
    };
    const make = (i: number): Publication => {
      const [topic, key, kind] = [random.of(TOPICS), random.of(KEYS), random.below(6)];
      if (kind === 0) return removal(topic, key);
      return publication(topic, [i, random.text(3)], kind < 4 ? key : undefined);
    };
    for (let i = 0; i < 200; i++) {
      const batch = Array.from({ length: 1 + random.below(8) }, () => make(i));
      inFlight.push(random.of(brokers).publish(batch).then((positions) => note(batch, positions)));
      if (random.below(10) === 0) random.of(brokers).open(random.of(TOPICS));
      if (random.below(20) === 0) random.of(brokers).close(random.of(TOPICS));
      if (random.below(5) === 0) await inFlight[random.below(inFlight.length)];
    }
    await Promise.all(inFlight);

    for (const [topic, all] of written) {
      const expected = all.map(({ key, json }, i) => [i + 1, key, json]);
      const latest = expected.filter(([offset, key, json]) =>
        key !== undefined && json !== undefined &&
        all.findLastIndex((other) => other.key === key) === Number(offset) - 1
      );
      for (const broker of brokers) {
        const log = await broker.open(topic);
        await broker.until(() => log.head >= all.length);
        // Compare them as texts: a readable difference of such long lists would take minutes.
        const held = entriesOf(log.read(0, Infinity));
        assert(JSON.stringify(held) === JSON.stringify(expected), `${topic} differs`);
        assertEquals(entriesOf(log.latest(0)), latest);
      }
      assert(all.length > 100);
    }
  });
}
