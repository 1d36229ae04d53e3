/**
 * Tests of logins. The rights in REDIS.md must be enough for everything that the server does.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { slotOf } from "../../live/redis/partition.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { RedisSentinels } from "../support/redis_sentinel.ts";
import { add, STREAM } from "./ingest_setup.ts";
import { RedisUser } from "./server_setup.ts";
import { RedisServer, redisTest, TestLink } from "./setup.ts";

/** A password that has to be percent-encoded in a URL. */
const PASSWORD = "p@ss:w%rd";

/** Returns the rights that REDIS.md gives the user on Redis, or on Sentinels. */
async function rightsIn(section: "Redis" | "Sentinel"): Promise<string[]> {
  const page = await Deno.readTextFile(new URL("../../live/docs/REDIS.md", import.meta.url));
  const commands = page.replaceAll("\\\n", " ").matchAll(/ACL SETUSER live on '>secret' (.+)$/gm);
  const [redis = "", sentinel = ""] = Array.from(commands, ([, rights = ""]) => rights);
  const rights = section === "Redis" ? redis : sentinel;
  return rights.replaceAll("'", "").replace("~positions", `~${STREAM}`).trim().split(/\s+/);
}

/** Returns directives that add the user of REDIS.md. */
async function userArgs(): Promise<string[]> {
  return ["--user", "live", "on", `>${PASSWORD}`, ...await rightsIn("Redis")];
}

function withLogin(url: string): string {
  return url.replace("://", `://live:${encodeURIComponent(PASSWORD)}@`);
}

redisTest("the rights in REDIS.md suffice on one Redis", async () => {
  await using redis = await RedisServer.start({ args: await userArgs() });
  await using user = await RedisUser.start(withLogin(redis.url));
  await user.useAll((...fields) => add(redis, ...fields));
});

redisTest("the rights in REDIS.md suffice on a cluster of three masters", async () => {
  const args = await userArgs();
  await using cluster = await RedisCluster.start({ args: () => args });
  await using user = await RedisUser.start(withLogin(cluster.url));
  const home = cluster.masterOf(slotOf(STREAM));
  await user.useAll((...fields) => cluster.command(home, "XADD", STREAM, "*", ...fields));
});

for (
  const [name, sentinelUser] of [
    ["that require no login", []],
    ["whose default user is off", ["user default off"]],
    ["whose default user may do nothing", ["user default on nopass -@all +@connection"]],
  ] as const
) {
  redisTest(`the rights in REDIS.md suffice with Sentinels ${name}`, async () => {
    const rights = (await rightsIn("Sentinel")).join(" ");
    await using sentinels = await RedisSentinels.start({
      args: await userArgs(),
      sentinelLines: sentinelUser.length === 0
        ? []
        : [...sentinelUser, `user live on >${PASSWORD} ${rights}`],
    });
    await using user = await RedisUser.start(withLogin(sentinels.url));
    await user.useAll((...fields) => add(sentinels.servers[0], ...fields));
  });
}

redisTest("the user in REDIS.md can neither read other keys nor empty Redis", async () => {
  await using redis = await RedisServer.start({ args: await userArgs() });
  await using link = new TestLink({ url: withLogin(redis.url) });
  link.start();
  await link.up();
  const run = (...command: string[]) => link.run("", ({ commands }) => commands.run(command));

  await run("EXISTS", "live:x");
  const refused = [["GET", "other"], ["FLUSHALL"], ["KEYS", "*"], ["CONFIG", "GET", "save"]];
  for (const command of [...refused, ["ACL", "LIST"], ["PUBLISH", "other", "x"]]) {
    const { message } = await assertRejects(() => run(...command), Error);
    assertStringIncludes(message, "NOPERM", command.join(" "));
  }
});

redisTest("a Sentinel that refuses the login says so, without the password", async () => {
  await using sentinels = await RedisSentinels.start({
    args: await userArgs(),
    sentinelLines: ["user default off", "user live on >another -@all"],
  });
  await using link = new TestLink({ url: withLogin(sentinels.url) });

  link.start();
  await link.down();

  assertStringIncludes(link.trouble ?? "", "WRONGPASS");
  assertEquals(/p@ss|p%40ss/.test(JSON.stringify([link.trouble, link.logger.lines])), false);
});
