/**
 * The check of Redis.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkEventsRedis, checkRedis, judgeRedis, parseInfo } from "../../live/doctor/redis.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { RedisSentinels } from "../support/redis_sentinel.ts";
import { RedisServer, redisTest } from "../support/redis_server.ts";
import { lineOf } from "./doctor_setup.ts";

const GOOD = { redis_version: "7.2.4", redis_mode: "standalone", role: "master", aof_enabled: "1" };

for (
  const [name, info, save, ...parts] of [
    ["with an append-only file", GOOD, "", "ok: Redis 7.2.4, persistent"],
    ["with snapshots", { ...GOOD, aof_enabled: "0" }, "3600 1", "ok: "],
    ["with replicas", { ...GOOD, aof_enabled: "0", connected_slaves: "1" }, "", "ok: "],
    ["Valkey", { ...GOOD, valkey_version: "8.0.1" }, "", "ok: Valkey 8.0.1"],
    ["without persistence", { ...GOOD, aof_enabled: "0" }, "", "fault: it is not persistent"],
    [
      "whose settings cannot be read",
      { ...GOOD, aof_enabled: "0" },
      undefined,
      "warning: it writes no append-only file",
    ],
    ["too old", { ...GOOD, redis_version: "6.0.16" }, "", "fault: Redis 6.0.16 is too old"],
    ["in a cluster", { ...GOOD, redis_mode: "cluster" }, "", "fault: it is a cluster"],
    ["that is a replica", { ...GOOD, role: "slave" }, "", "fault: it is a replica"],
    [
      "that evicts",
      { ...GOOD, maxmemory: "1000", maxmemory_policy: "allkeys-lru" },
      "",
      "fault: it evicts keys when its memory is full (maxmemory-policy allkeys-lru)",
    ],
    [
      "that would evict, but has no bound",
      { ...GOOD, maxmemory: "0", maxmemory_policy: "allkeys-lru" },
      "",
      "ok: ",
    ],
    [
      "with two faults",
      { ...GOOD, aof_enabled: "0", role: "slave" },
      "",
      "fault: it is a replica",
      "fault: it is not persistent",
    ],
  ] as const
) {
  Deno.test(`judgeRedis() of a Redis ${name}`, () => {
    const lines = judgeRedis({ info: new Map(Object.entries(info)), save }).map(lineOf);
    assertEquals(lines.length, parts.length);
    parts.forEach((part, index) => assertStringIncludes(lines[index] ?? "", part));
  });
}

Deno.test("parseInfo() reads sections of fields", () => {
  const text = "# Server\r\nredis_version:7.2.4\r\nexecutable:/a:b\r\n\r\n# Memory\r\nused:1\r\n";
  assertEquals([...parseInfo(text)], [
    ["redis_version", "7.2.4"],
    ["executable", "/a:b"],
    ["used", "1"],
  ]);
});

Deno.test("checkRedis() is skipped without REDIS_URL", async () => {
  assertEquals((await checkRedis(undefined)).map(({ level }) => level), ["skipped"]);
});

Deno.test("checkRedis() reports a Redis that cannot be reached, without its password", async () => {
  const [finding] = await checkRedis("redis://:secret@127.0.0.1:9");
  assertEquals(finding?.level, "fault");
  assertEquals(JSON.stringify(finding).includes("secret"), false);
});

redisTest("checkEventsRedis() finds out whether a Redis can be reached", async () => {
  await using redis = await RedisServer.start();
  const levels = async (url: string | undefined) =>
    (await checkEventsRedis(url)).map(({ level }) => level);
  assertEquals(await levels(undefined), []);
  assertEquals(await levels(redis.url), ["ok"]);
  assertEquals(await levels("redis://127.0.0.1:9"), ["fault"]);
});

redisTest("checkRedis() judges each master of a cluster", async () => {
  await using cluster = await RedisCluster.start({ durable: true });
  assertEquals((await checkRedis(cluster.url)).map(lineOf), [
    "ok: cluster of 3 masters, all persistent, evicting nothing",
  ]);
  const [, second] = cluster.masters;
  await second?.command("CONFIG", "SET", "cluster-require-full-coverage", "yes");
  await cluster.masters[2]?.kill();

  const lines = (await checkRedis(cluster.url)).map(lineOf);

  assertEquals(lines.length, 3);
  assertStringIncludes(lines[0] ?? "", "ok: 127.0.0.1:");
  assertStringIncludes(
    lines[1] ?? "",
    `warning: 127.0.0.1:${second?.port}: when one master is lost`,
  );
  assertStringIncludes(
    lines[2] ?? "",
    `fault: 127.0.0.1:${cluster.masters[2]?.port}: cannot be used`,
  );
  const [single] = (await checkRedis(cluster.masters[0]?.url)).map(lineOf);
  assertStringIncludes(single ?? "", "fault: it is a cluster");
});

redisTest("checkRedis() judges the master that Sentinel names", async () => {
  await using sentinels = await RedisSentinels.start({ password: "secret-word" });

  const [finding] = await checkRedis(sentinels.url);

  const { port } = sentinels.servers[0];
  assertStringIncludes(finding?.message ?? "", `master 127.0.0.1:${port}: Redis `);
  const unknown = sentinels.url.replace("live-master", "another");
  const [other] = await checkRedis(unknown);
  assertStringIncludes(other?.message ?? "", 'it knows no master "another"');
  assertEquals(JSON.stringify([finding, other]).includes("secret-word"), false);
});

redisTest("checkRedis() finds out whether a Redis is persistent", async () => {
  await using forgetful = await RedisServer.start();
  await using durable = await RedisServer.start({ durable: true });
  assertEquals((await checkRedis(forgetful.url)).map(({ level }) => level), ["fault"]);
  assertEquals((await checkRedis(durable.url)).map(({ level }) => level), ["ok"]);
});
