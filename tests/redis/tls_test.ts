/**
 * Tests of TLS: to one Redis, to Sentinels and the master that they name, and to a cluster.
 *
 * @module
 */

import { type Certificate, createCertificate, hasOpenssl } from "../support/certificate.ts";
import { slotOf } from "../../live/redis/partition.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { RedisSentinels } from "../support/redis_sentinel.ts";
import { hasRedis, RedisServer, tlsArgs, tlsPortOf } from "../support/redis_server.ts";
import { add, STREAM } from "./ingest_setup.ts";
import { RedisUser } from "./server_setup.ts";

const hasTls = hasRedis && hasOpenssl;

/** Registers a test with a certificate for this machine. */
function tlsTest(name: string, fn: (certificate: Certificate) => Promise<void>): void {
  Deno.test({
    name: hasTls ? name : `${name} (ignored: needs redis-server and openssl)`,
    ignore: !hasTls,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "live_tls_" });
      try {
        await fn(await createCertificate(folder, ["localhost", "127.0.0.1"]));
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

tlsTest("rediss:// uses TLS, with the certificates that Deno trusts", async (files) => {
  await using redis = await RedisServer.start({ args: tlsArgs(files) });
  const url = `rediss://localhost:${await tlsPortOf(redis)}`;
  await using user = await RedisUser.start(url, { DENO_CERT: files.certificate });
  await user.useAll((...fields) => add(redis, ...fields));
});

tlsTest("rediss:// does not use a server whose certificate is not trusted", async (files) => {
  await using redis = await RedisServer.start({ args: tlsArgs(files) });
  await using user = await RedisUser.start(`rediss://localhost:${await tlsPortOf(redis)}`);
  await user.server.line("redis not reached");
  await user.readiness("cut off");
});

tlsTest("rediss+cluster:// uses TLS to all nodes", async (files) => {
  await using cluster = await RedisCluster.start({
    args: () => [...tlsArgs(files), "--tls-cluster", "yes"],
  });
  const url = `rediss+cluster://localhost:${await tlsPortOf(cluster.masters[1] as RedisServer)}`;
  await using user = await RedisUser.start(url, { DENO_CERT: files.certificate });
  const home = cluster.masterOf(slotOf(STREAM));
  await user.useAll((...fields) => cluster.command(home, "XADD", STREAM, "*", ...fields));
});

tlsTest("rediss+sentinel:// uses TLS to Sentinels and to the master", async (tls) => {
  await using sentinels = await RedisSentinels.start({ tls });
  const url = sentinels.url.replace("redis+", "rediss+");
  await using user = await RedisUser.start(url, { DENO_CERT: tls.certificate });
  await user.useAll((...fields) => add(sentinels.servers[0], ...fields));
});
