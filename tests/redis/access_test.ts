/**
 * Tests of rights, databases and TLS.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ServerProcess } from "../support/process.ts";
import { isInstalled } from "../support/program.ts";
import { hasRedis } from "../support/redis_server.ts";
import { dataOf, keyOf, publications, RedisServer, redisTest, TestBroker } from "./setup.ts";

redisTest("RedisBroker needs no more rights than its keys, channels and commands", async () => {
  const rights =
    "on >pw ~live:* &live:* -@all +@connection +@pubsub +@scripting +@read +@write +time";
  await using redis = await RedisServer.start({ args: ["--user", "live", ...rights.split(" ")] });
  const url = `redis://live:pw@127.0.0.1:${redis.port}`;
  await using broker = await TestBroker.start({ url });
  const log = await broker.open("a:1");

  await broker.publish(publications("a:1", 1));

  await broker.until(() => log.head === 1);
});

redisTest("RedisBroker keeps to its database, although databases share channels", async () => {
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

const hasTls = hasRedis && isInstalled("openssl", ["version"]);

Deno.test({
  name: `RedisLink uses TLS, with the certificates that Deno trusts${
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
