/**
 * Tests of an instance's connections to Redis: logins, breaks, and the end.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { RedisClient } from "../../live/redis/client.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import { RedisServer, redisTest, TestLink } from "./setup.ts";

const PASSWORD = "p@ss:word/of tests";
const WRONG = "wrong-word-of-tests";

/** Returns level, message and reason of all log lines. */
function linesOf({ logger }: TestLink): string[] {
  return logger.lines.map(({ level, message, fields }) =>
    [level, message, ...Object.values(fields)].join(" ")
  );
}

/** Resolves once `count` attempts have failed. */
function failures(link: TestLink, count: number): Promise<void> {
  return link.metrics.until(({ redis }) => redis.filter((up) => !up).length >= count);
}

redisTest("RedisLink logs in with a password", async () => {
  await using redis = await RedisServer.start({ password: PASSWORD });
  await using link = new TestLink(redis);
  assertEquals([link.session, link.trouble], [undefined, "not connected to Redis yet"]);

  link.start();

  await link.up();
  assertEquals([link.session !== undefined, link.trouble], [true, undefined]);
  assertEquals(linesOf(link), ["info redis reached"]);
});

for (
  const [name, login, reason] of [
    ["a wrong password", `:${WRONG}@`, /WRONGPASS/],
    ["an unknown user", `nobody:${WRONG}@`, /WRONGPASS/],
    ["a missing password", "", /NOAUTH/],
  ] as const
) {
  redisTest(`RedisLink logs one warning, without secrets, if Redis refuses ${name}`, async () => {
    await using redis = await RedisServer.start({ password: PASSWORD });
    await using link = new TestLink({ url: `redis://${login}127.0.0.1:${redis.port}` });
    link.start();

    await failures(link, 3);

    const { trouble = "" } = link;
    assertMatch(trouble, /^cut off from Redis: /);
    assertMatch(trouble, reason);
    const [first = "", ...others] = linesOf(link);
    assertMatch(first, /^warn redis not reached ./);
    assertMatch(first, reason);
    assertEquals(others.every((line) => line.startsWith("debug redis not reached ")), true);
    assertNotMatch([trouble, first, ...others].join(), new RegExp(`${WRONG}|nobody`));
    assertEquals(link.metrics.redis.includes(true), false);
  });
}

redisTest("RedisLink logs one warning while there is no Redis, and reaches it later", async () => {
  await using redis = await RedisServer.start();
  await redis.kill();
  await using link = new TestLink(redis);
  link.start();
  await failures(link, 2);
  assertMatch(link.trouble ?? "", /^cut off from Redis: .*ECONNREFUSED/);

  await redis.restart();

  await link.up();
  const lines = linesOf(link);
  assertMatch(lines[0] ?? "", /^warn redis not reached .*ECONNREFUSED/);
  assertEquals(lines.filter((line) => !line.startsWith("debug")).slice(1), ["info redis reached"]);
});

redisTest("RedisLink logs the beginning of an outage once, and its end", async () => {
  await using redis = await RedisServer.start();
  await using link = new TestLink(redis);
  link.start();
  await link.up();

  await redis.kill();
  await failures(link, 4); // the loss, and attempts to reconnect
  await redis.restart();

  await link.up(2);
  const lines = link.logger.lines.filter(({ level }) => level !== "debug");
  assertEquals(lines.map(({ level, message }) => `${level} ${message}`), [
    "info redis reached",
    "warn redis lost",
    "warn redis not reached",
    "info redis reached",
  ]);
});

for (const type of ["pubsub", "normal"] as const) {
  redisTest(`RedisLink replaces both connections when its ${type} one breaks`, async () => {
    await using redis = await RedisServer.start();
    await using link = new TestLink(redis);
    link.onUp(({ channels }) => channels.subscribe("any", () => {}));
    link.start();
    await link.up();
    const { session } = link;
    while (!String(await redis.command("CLIENT", "LIST")).includes("sub=1"));

    await redis.command("CLIENT", "KILL", "TYPE", type);

    await link.up(2);
    await Promise.all([session?.commands.lost, session?.channels.lost]);
    assertEquals(await redis.connections(), 2);
  });
}

redisTest("RedisLink gives up on a Redis that hangs, and reaches it when it resumes", async () => {
  await using redis = await RedisServer.start();
  await using link = new TestLink(redis);
  link.start();
  await link.up();

  redis.pause();
  await link.down();
  assertMatch(link.trouble ?? "", /^cut off from Redis: no answer within \d+ ms$/);

  redis.resume();
  await link.up(2);
});

redisTest(
  "RedisLink.onUp() calls listeners with the current session and each new one",
  async () => {
    await using redis = await RedisServer.start();
    await using link = new TestLink(redis);
    const done: string[] = [];
    const listener = (name: string) => () => Promise.resolve(void done.push(name));
    link.onUp(listener("first"));
    link.start();
    await link.up();
    link.onUp(listener("second"));
    assertEquals(done, ["first", "second"]);

    await redis.restart();

    await link.up(2);
    assertEquals(done, ["first", "second", "first", "second"]);
  },
);

redisTest("RedisLink ends a session in which an essential action fails", async () => {
  await using redis = await RedisServer.start();
  await using link = new TestLink(redis);
  let attempts = 0;
  link.onUp(() => ++attempts === 1 ? Promise.reject(new Error("refused")) : Promise.resolve());
  link.start();

  await link.up(2);

  assertEquals(attempts, 2);
  assertEquals(linesOf(link), [
    "info redis reached",
    "warn redis lost refused",
    "info redis reached",
  ]);
  assertEquals(await redis.connections(), 2);
});

redisTest("RedisClient rejects subscriptions on a lost connection", async () => {
  await using redis = await RedisServer.start();
  const client = await RedisClient.connect(redis.url);
  const listener = () => {};
  redis.pause();
  const calls = [client.subscribe("a", listener), client.unsubscribe("a", listener)];

  client.lose("broken");

  calls.push(client.subscribe("a", listener), client.subscribe("b", listener));
  const results = await Promise.allSettled(calls);
  assertEquals(results.map(({ status }) => status), calls.map(() => "rejected"));
});

redisTest("RedisLink.stop() leaves no connection, whenever it is called", async () => {
  await using redis = await RedisServer.start();
  const unused = new TestLink(redis);
  const connecting = new TestLink(redis);
  const connected = new TestLink(redis);
  connected.start();
  await connected.up();
  connecting.start();

  await Promise.all([unused.stop(), connecting.stop(), connected.stop(), connected.stop()]);
  unused.start();
  await unused.stop();

  assertEquals(await redis.connections(), 0);
  assertEquals([unused, connecting, connected].map(({ metrics }) => metrics.redis), [[], [], [
    true,
  ]]);
  assertEquals(connected.session, undefined);
});

redisTest("RedisLink.stop() resolves at once while Redis cannot be reached", async () => {
  await using redis = await RedisServer.start();
  const link = new TestLink(redis);
  link.start();
  await link.up();
  await redis.kill();
  await link.down();

  await link.stop();

  assertEquals(link.trouble?.startsWith("cut off from Redis: "), true);
});

Deno.test("RedisLink.stop() resolves at once while a server accepts connections and does not answer", async () => {
  const port = takeFreePort();
  using server = Deno.listen({ hostname: "127.0.0.1", port });
  const link = new TestLink({ url: `redis://127.0.0.1:${port}` });
  link.start();
  using connection = await server.accept();
  await connection.read(new Uint8Array(1)); // the link waits for an answer

  await link.stop();

  assertEquals(link.logger.lines, []);
});
