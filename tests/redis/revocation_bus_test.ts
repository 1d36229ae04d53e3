/**
 * Tests of commands to all instances, on a real Redis.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import type { Revocation } from "../../live/domain/revocation.ts";
import { RedisRevocationBus } from "../../live/redis/revocation_bus.ts";
import { Watch } from "../support/queue.ts";
import { RecordingLogger } from "../support/recorders.ts";
import { RedisServer, redisTest } from "./setup.ts";

const ADA: Revocation = { user: ["ada"] };
const BOB: Revocation = { user: ["bob"] };
const EVE: Revocation = { user: ["eve"] };

/** A control that keeps what it hears. */
class TestControl implements AsyncDisposable {
  readonly logger = new RecordingLogger();
  readonly heard: Revocation[] = [];
  readonly #watch = new Watch();
  readonly #control: RedisRevocationBus;

  constructor(url: string) {
    this.#control = new RedisRevocationBus({ url, logger: this.logger });
    this.#control.listen((command) => {
      this.heard.push(command);
      this.#watch.changed();
    });
  }

  /** Creates controls; resolves once they hear each other. */
  static async start(redis: RedisServer, count: number): Promise<TestControl[]> {
    const controls = Array.from({ length: count }, () => new TestControl(redis.url));
    await listeners(redis, count);
    return controls;
  }

  send(command: Revocation): Promise<void> {
    return this.#control.send(command);
  }

  /** Resolves once it has heard so many commands. */
  until(count: number): Promise<void> {
    return this.#watch.until(() => this.heard.length >= count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#control.stop();
  }
}

/** Resolves once so many listen, which Redis tells whoever asks again. */
async function listeners(redis: RedisServer, count: number): Promise<void> {
  for (;;) {
    const reply = await redis.command("PUBSUB", "NUMSUB", "live:control");
    if (Array.isArray(reply) && reply[1] === count) return;
  }
}

redisTest("RedisRevocationBus.send() tells all other instances, and not this one", async () => {
  await using redis = await RedisServer.start();
  await using stack = new AsyncDisposableStack();
  const [first, second, third] = await TestControl.start(redis, 3);
  assert(first && second && third);
  for (const control of [first, second, third]) stack.use(control);

  await first.send(ADA);
  await second.send(BOB);

  await Promise.all([first.until(1), second.until(1), third.until(2)]);
  assertEquals([first.heard, second.heard, third.heard], [[BOB], [ADA], [ADA, BOB]]);
});

redisTest(
  "RedisRevocationBus hears each command once, in the order in which they were sent",
  async () => {
    await using redis = await RedisServer.start();
    const [first, second] = await TestControl.start(redis, 2);
    assert(first && second);
    await using _first = first;
    await using _second = second;
    const commands = Array.from({ length: 50 }, (_, i) => ({ connection: `c-${i}` }));

    await Promise.all(commands.map((command) => first.send(command)));
    await first.send(EVE);

    await second.until(51);
    assertEquals(second.heard, [...commands, EVE]);
  },
);

redisTest("RedisRevocationBus hears nothing of what was sent before it began", async () => {
  await using redis = await RedisServer.start();
  const [first] = await TestControl.start(redis, 1);
  assert(first);
  await using _first = first;
  await first.send(ADA);
  await using second = new TestControl(redis.url);
  await listeners(redis, 2);
  await using third = new TestControl(redis.url);
  await listeners(redis, 3);
  await third.send(BOB);

  await second.until(1);
  assertEquals(second.heard, [BOB]);
});

redisTest("RedisRevocationBus hears what was sent while it was cut off", async () => {
  await using redis = await RedisServer.start();
  const [first, second] = await TestControl.start(redis, 2);
  assert(first && second);
  await using _first = first;
  await using _second = second;
  await first.send(ADA);
  await second.until(1);
  // What another instance does while both of these are cut off.
  const entry = ["from", "another", "command", JSON.stringify(BOB)];
  await redis.command("XADD", "live:control", "*", ...entry);
  await redis.command("CLIENT", "KILL", "TYPE", "pubsub");

  await Promise.all([first.until(1), second.until(2)]);
  assertEquals([first.heard, second.heard], [[BOB], [ADA, BOB]]);
});

redisTest("RedisRevocationBus goes on after Redis has come back empty", async () => {
  await using redis = await RedisServer.start();
  const [first, second] = await TestControl.start(redis, 2);
  assert(first && second);
  await using _first = first;
  await using _second = second;
  await first.send(ADA);
  await second.until(1);

  await redis.restart();
  await listeners(redis, 2);
  await first.send(BOB);

  await second.until(2);
  assertEquals(second.heard, [ADA, BOB]);
});

redisTest(
  "RedisRevocationBus.send() throws while Redis cannot be reached, and says why",
  async () => {
    await using redis = await RedisServer.start();
    const [control] = await TestControl.start(redis, 1);
    assert(control);
    await using _control = control;

    await redis.kill();

    await assertRejects(() => control.send(ADA), BrokerUnavailable);
  },
);

redisTest("RedisRevocationBus.send() throws if Redis refuses", async () => {
  await using redis = await RedisServer.start();
  const [control] = await TestControl.start(redis, 1);
  assert(control);
  await using _control = control;
  await redis.command("SET", "live:control", "something else");

  await assertRejects(() => control.send(ADA), BrokerUnavailable, "WRONGTYPE");
});

for (
  const [name, entry, reason] of [
    ["what is no JSON", ["from", "x", "command", "{"], "not JSON"],
    ["another entry", ["a", "b"], "not JSON"],
    [
      "what is no command",
      ["from", "x", "command", "{}"],
      "Body must have exactly one of user, topic, connection: it has none",
    ],
  ] as const
) {
  redisTest(`RedisRevocationBus logs ${name}, and goes on`, async () => {
    await using redis = await RedisServer.start();
    const [first, second] = await TestControl.start(redis, 2);
    assert(first && second);
    await using _first = first;
    await using _second = second;
    await redis.command("XADD", "live:control", "*", ...entry);
    await first.send(ADA);

    await second.until(1);
    assertEquals(second.heard, [ADA]);
    assertEquals(second.logger.lines, [{
      level: "warn",
      message: "control: malformed command",
      fields: { reason },
    }]);
  });
}

redisTest("RedisRevocationBus leaves a bounded stream that goes by itself", async () => {
  await using redis = await RedisServer.start();
  const [control] = await TestControl.start(redis, 1);
  assert(control);
  await using _control = control;
  for (let i = 0; i < 25; i++) {
    await Promise.all(Array.from({ length: 100 }, () => control.send(ADA)));
  }

  const [length, ttlMs] = [
    Number(await redis.command("XLEN", "live:control")),
    Number(await redis.command("PTTL", "live:control")),
  ];
  assert(length >= 1_000 && length < 1_500, `${length}`);
  assert(ttlMs > 0 && ttlMs <= 3_600_000, `${ttlMs}`);
});

redisTest("RedisRevocationBus.stop() leaves no connection", async () => {
  await using redis = await RedisServer.start();
  const [control] = await TestControl.start(redis, 1);
  assertEquals(await redis.connections(), 2);
  await control?.[Symbol.asyncDispose]();
  assertEquals(await redis.connections(), 0);
});
