/**
 * Tests of logging in to Redis, of its databases, and of TLS.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotMatch, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { ServerProcess } from "../support/process.ts";
import { hasRedis, isInstalled } from "../support/redis_server.ts";
import { dataOf, publications, RedisServer, redisTest, TestBroker } from "./setup.ts";

const PASSWORD = "p@ss:word/of tests";
const WRONG = "wrong-word-of-tests";

for (
  const [name, password, login, reason] of [
    ["a wrong password", PASSWORD, `:${WRONG}@`, /WRONGPASS/],
    ["an unknown user", PASSWORD, `nobody:${WRONG}@`, /WRONGPASS/],
    ["no password where one is needed", PASSWORD, "", /NOAUTH/],
  ] as const
) {
  redisTest(`RedisBroker says that Redis does not let it in: ${name}`, async () => {
    await using redis = await RedisServer.start({ password });
    await using broker = new TestBroker(`redis://${login}127.0.0.1:${redis.port}`);
    broker.begin();

    await broker.down();

    const { trouble = "" } = broker;
    assertMatch(trouble, /^cut off from Redis: /);
    assertMatch(trouble, reason);
    const error = await assertRejects(
      () => broker.publish(publications("a:1", 1)),
      BrokerUnavailable,
    );
    const all = JSON.stringify([trouble, error.message, broker.logger.lines]);
    assertNotMatch(all, new RegExp(`${WRONG}|nobody`));
    assertEquals(broker.metrics.redis.includes(true), false);
  });
}

redisTest("RedisBroker logs in with a password", async () => {
  await using redis = await RedisServer.start({ password: PASSWORD });
  await using broker = await TestBroker.start(redis);

  await broker.publish(publications("a:1", 1));

  assertEquals(dataOf((await broker.open("a:1")).read(0, Infinity)), [1]);
});

redisTest("RedisBroker needs no more rights than its keys, channels and commands", async () => {
  const rights =
    "on >pw ~live:* &live:* -@all +@connection +@pubsub +@scripting +@read +@write +time";
  await using redis = await RedisServer.start({
    args: ["--user", "live", ...rights.split(" ")],
  });
  await using broker = await TestBroker.start({
    url: `redis://live:pw@127.0.0.1:${redis.port}`,
  });
  const log = await broker.open("a:1");

  await broker.publish(publications("a:1", 1));

  await broker.until(() => log.head === 1);
});

redisTest("RedisBroker keeps to its database", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start({ url: `${redis.url}/3` });

  await broker.publish(publications("a:1", 1));

  const keyspace = String(await redis.command("INFO", "keyspace"));
  assertEquals([...keyspace.matchAll(/^db\d+/gm)].map(([name]) => name), ["db3"]);
});

redisTest("RedisBroker is not misled by a broker on another database", async () => {
  await using redis = await RedisServer.start();
  await using broker = await TestBroker.start(redis);
  await using other = await TestBroker.start({ url: `${redis.url}/1` });
  await broker.publish(publications("a:1", 1));
  const log = await broker.open("a:1");
  const { epoch } = log;

  await other.publish(publications("a:1", 20, 30)); // channels are those of all databases
  await broker.publish(publications("a:1", 2));

  await broker.until(() => log.head === 2);
  assertEquals([log.epoch, dataOf(log.read(0, Infinity))], [epoch, [1, 2]]);
});

const hasTls = hasRedis && isInstalled("openssl", ["version"]);

Deno.test({
  name: `RedisBroker talks to Redis over TLS, with the certificates that Deno trusts${
    hasTls ? "" : " (ignored: needs redis-server and openssl)"
  }`,
  ignore: !hasTls,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "live_tls_" });
    try {
      const [key, certificate] = [`${folder}/key.pem`, `${folder}/certificate.pem`];
      const made = await new Deno.Command("openssl", {
        args: [
          ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"],
          ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
          ...["-addext", "basicConstraints=CA:FALSE"],
          ...["-keyout", key, "-out", certificate],
        ],
        stderr: "null",
      }).output();
      assertEquals(made.success, true);
      await using redis = await RedisServer.start({
        tls: ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no"],
      });
      await using server = await ServerProcess.spawn({
        DIRECTUS_BASE_URL: "http://127.0.0.1:9",
        REDIS_URL: `rediss://localhost:${redis.port}`,
        DENO_CERT: certificate,
        LOG_LEVEL: "DEBUG",
      });

      const line = await Promise.race([
        server.line("redis reached"),
        server.line("redis not reached"),
      ]);

      assertEquals([line["message"], line["reason"]], ["redis reached", undefined]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
