/**
 * Tests of one connection to Redis.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { RedisClient } from "../../live/redis/client.ts";
import { RedisServer, redisTest } from "../support/redis_server.ts";

redisTest("RedisClient stays connected while it is subscribed", async () => {
  await using redis = await RedisServer.start();
  using time = new FakeTime();
  const client = await RedisClient.connect(redis.url);
  const received = Promise.withResolvers<string>();
  await client.subscribe("channel", received.resolve);

  await time.tickAsync(1_000); // it asks whether Redis answers
  await redis.command("PUBLISH", "channel", "message");

  assertEquals(await Promise.race([received.promise, client.lost]), "message");
  client.lose("the end of the test");
});
