/**
 * Tests of two servers on one Redis, as processes, with an outage of Redis.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";
import { add, STREAM } from "./ingest_setup.ts";
import { RedisServer, redisTest } from "./setup.ts";

const TOKEN = "the-publish-token-of-the-tests";

/** Calls a server's ops listener; resolves to the status and body of the response. */
async function ask(port: number, path: string, body?: unknown) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
  });
  return { status: response.status, json: await response.json() };
}

redisTest("main.ts: two servers share topics, and survive an outage of Redis", async () => {
  await using redis = await RedisServer.start({ durable: true, password: "the-word-of-redis" });
  await using directus = startDirectus();
  const env = {
    DIRECTUS_BASE_URL: directus.url,
    LIVE_TOPICS: "event=events",
    LIVE_PUBLISH_TOKEN: TOKEN,
    REDIS_URL: redis.url,
    REDIS_INGEST_STREAM: STREAM,
  };
  await using one = await ServerProcess.spawn({ ...env, INSTANCE_ID: "one" });
  await using two = await ServerProcess.spawn({ ...env, INSTANCE_ID: "two" });
  const [{ ops }, { live, ops: otherOps }] = await Promise.all([one.ports(), two.ports()]);
  await Promise.all([one.line("redis reached"), two.line("redis reached")]);
  const cookie = directus.directus.session("ada@example.com");
  await using client = await Client.connect(`ws://127.0.0.1:${live}`, { cookie });
  assertEquals((await client.next()).instance, "two");
  const start = await client.subscribe("event:1");

  const { status, json } = await ask(ops, "/publish", { topic: "event:1", key: "k", data: 1 });
  assertEquals([status, json], [200, {
    published: [{ topic: "event:1", offset: 1, epoch: start.epoch }],
  }]);
  const message = { type: "message", topic: "event:1" };
  assertEquals(await client.next(), { ...message, offset: 1, key: "k", data: 1 });
  await add(redis, "topic", "event:1", "data", "2");
  assertEquals(await client.next(), { ...message, offset: 2, data: 2 });

  await redis.kill();
  await Promise.all([one.line("redis lost"), two.line("redis lost")]);
  for (const port of [ops, otherOps]) {
    const ready = await ask(port, "/readyz");
    assertEquals([ready.status, ready.json.status], [503, "cut off"]);
    assertMatch(ready.json.reason, /^cut off from Redis: ./);
    assertEquals((await ask(port, "/publish", { topic: "event:1", data: 3 })).status, 503);
  }

  await redis.restart();
  await Promise.all([one.line("redis reached", 2), two.line("redis reached", 2)]);
  assertEquals((await ask(ops, "/readyz")).status, 200);
  assertEquals((await ask(ops, "/publish", { topic: "event:1", data: 4 })).status, 200);
  assertEquals(await client.next(), { ...message, offset: 3, data: 4 });
  assertEquals(client.frames.length, 5); // no duplicates and no further frames
  assertEquals([one.output, two.output].some((text) => text.includes("the-word-of-redis")), false);
});
