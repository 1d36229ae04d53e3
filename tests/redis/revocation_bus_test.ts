/**
 * Tests of revocations for all instances, on a real Redis.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import type { Revocation } from "../../live/domain/revocation.ts";
import { RedisRevocationBus } from "../../live/redis/revocation_bus.ts";
import { turn, Watch } from "../support/queue.ts";
import { RedisServer, redisTest, TestLink } from "./setup.ts";

const ADA: Revocation = { user: ["ada"] };
const BOB: Revocation = { user: ["bob"] };
const EVE: Revocation = { user: ["eve"] };

/** A bus with its own link, which records what it receives. */
class TestBus extends RedisRevocationBus implements AsyncDisposable {
  readonly link: TestLink;
  readonly received: Revocation[] = [];
  /** What the handler of revocations returns: resolves to why a revocation is incomplete. */
  handled: Promise<string | undefined> = Promise.resolve(undefined);
  readonly #watch = new Watch();

  constructor(redis: RedisServer) {
    const link = new TestLink(redis);
    super({ link, logger: link.logger });
    this.link = link;
    this.listen(async (revocation) => {
      this.received.push(revocation);
      this.#watch.changed();
      return await this.handled;
    });
    link.start();
  }

  /** Resolves once it has received `count` revocations. */
  until(count: number): Promise<void> {
    return this.#watch.until(() => this.received.length >= count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.link.stop();
  }
}

/** Resolves once `count` instances are subscribed. */
async function subscribed(redis: RedisServer, count: number): Promise<void> {
  for (;;) {
    const reply = await redis.command("PUBSUB", "NUMSUB", "live:{control}:0");
    if (Array.isArray(reply) && reply[1] === count) return;
  }
}

/** Registers a test with several instances that receive from each other. */
function busTest(
  name: string,
  fn: (redis: RedisServer, ...buses: [TestBus, TestBus]) => Promise<void>,
): void {
  redisTest(`RedisRevocationBus ${name}`, async () => {
    await using redis = await RedisServer.start();
    await using first = new TestBus(redis);
    await using second = new TestBus(redis);
    await subscribed(redis, 2);
    await fn(redis, first, second);
  });
}

busTest("send() reaches all other instances, but not its own", async (redis, first, second) => {
  await using third = new TestBus(redis);
  await subscribed(redis, 3);

  await first.send(ADA);
  await second.send(BOB);

  await Promise.all([first.until(1), second.until(1), third.until(2)]);
  assertEquals([first.received, second.received, third.received], [[BOB], [ADA], [ADA, BOB]]);
});

busTest("receives each revocation once, in the order of sending", async (_, first, second) => {
  const revocations = Array.from({ length: 50 }, (_, i) => ({ connection: `c-${i}` }));

  await Promise.all(revocations.map((revocation) => first.send(revocation)));
  await first.send(EVE);

  await second.until(51);
  assertEquals(second.received, [...revocations, EVE]);
});

busTest("send() resolves once all instances have carried it out", async (_, first, second) => {
  const handled = Promise.withResolvers<undefined>();
  second.handled = handled.promise;
  const events: string[] = [];

  const sent = first.send(ADA).then(() => events.push("sent"));
  await second.until(1);
  await second.send(BOB); // Redis and the other instance are not busy
  events.push("handled");
  handled.resolve(undefined);

  await sent;
  assertEquals(events, ["handled", "sent"]);
});

busTest(
  "send() rejects if an instance could not carry it out completely",
  async (_, first, second) => {
    second.handled = Promise.resolve("Directus could not be asked");
    await assertRejects(() => first.send(ADA), BrokerUnavailable, "Directus could not be asked");
  },
);

busTest("send() rejects if an instance does not confirm in time", async (_, first, second) => {
  second.handled = new Promise(() => {});
  using time = new FakeTime();
  const rejected = assertRejects(
    () => first.send(ADA),
    BrokerUnavailable,
    " of 2 have not confirmed it",
  );
  await second.until(1);
  await turn();
  await time.tickAsync(10_000);
  await rejected;
});

busTest("ignores what was sent before it started", async (redis, first, second) => {
  await first.send(ADA);
  await second.until(1);
  await using third = new TestBus(redis);
  await subscribed(redis, 3);

  await first.send(BOB);

  await third.until(1);
  assertEquals(third.received, [BOB]);
});

busTest("receives what was sent while it was cut off", async (redis, first, second) => {
  await first.send(ADA);
  await second.until(1);
  // As another instance would, while both of these are cut off, so without an announcement.
  const entry = ["from", "another", "command", JSON.stringify(BOB)];
  await redis.command("XADD", "live:{control}:stream", "*", ...entry);
  await redis.command("CLIENT", "KILL", "TYPE", "pubsub");

  await Promise.all([first.until(1), second.until(2)]);
  assertEquals([first.received, second.received], [[BOB], [ADA, BOB]]);
});

busTest("continues after Redis has come back empty", async (redis, first, second) => {
  await first.send(ADA);
  await second.until(1);

  await redis.restart();
  await subscribed(redis, 2);
  await first.send(BOB);

  await second.until(2);
  assertEquals(second.received, [ADA, BOB]);
});

for (
  const [name, breakIt, reason] of [
    ["while Redis is down", (redis: RedisServer) => redis.kill(), ""],
    [
      "if Redis refuses",
      (redis: RedisServer) => redis.command("SET", "live:{control}:stream", "something else"),
      "WRONGTYPE",
    ],
  ] as const
) {
  busTest(`send() rejects ${name}`, async (redis, bus) => {
    await breakIt(redis);

    await assertRejects(() => bus.send(ADA), BrokerUnavailable, reason);
  });
}

for (
  const [name, entry, reason] of [
    ["an entry that is not JSON", ["from", "x", "command", "{"], "not JSON"],
    ["an entry with other fields", ["a", "b"], "not JSON"],
    [
      "an entry that is not a revocation",
      ["from", "x", "command", "{}"],
      "Body must have exactly one of user, topic, connection: it has none",
    ],
  ] as const
) {
  busTest(`logs ${name}, and continues`, async (redis, first, second) => {
    await redis.command("XADD", "live:{control}:stream", "*", ...entry);
    await first.send(ADA);

    await second.until(1);
    assertEquals(second.received, [ADA]);
    const lines = second.link.logger.of("warn").map(({ message, fields }) => [message, fields]);
    assertEquals(lines, [["revocation bus: malformed entry", { reason }]]);
  });
}

busTest("keeps a bounded stream that expires", async (redis, bus) => {
  for (let i = 0; i < 15; i++) {
    await Promise.all(Array.from({ length: 100 }, () => bus.send(ADA)));
  }

  const length = Number(await redis.command("XLEN", "live:{control}:stream"));
  const ttlMs = Number(await redis.command("PTTL", "live:{control}:stream"));
  assert(length >= 1_000 && length < 1_500, `${length}`);
  assert(ttlMs > 0 && ttlMs <= 3_600_000, `${ttlMs}`);
});
