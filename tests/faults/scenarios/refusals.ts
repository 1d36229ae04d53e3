/**
 * A Redis that can be reached and does not work.
 *
 * @module
 */

import { RedisServer } from "../../support/redis_server.ts";
import { play, type Scenario } from "../scenario.ts";
import type { World } from "../world.ts";

/** How long Redis takes to load each command of its append-only file, in microseconds. */
const LOAD_DELAY_US = 200;

function expectNoRestart({ ledger }: World): void {
  if (ledger.restarts > 0) ledger.fault(`${ledger.restarts} subscriptions started over`);
}

/** Redis is suspended for ten seconds: connections stay open, but nothing is answered. */
export const paused: Scenario = {
  name: "paused",
  async run() {
    await using redis = await RedisServer.start({ durable: true });
    return await play("Redis hangs for 10 s", { redisUrl: redis.url }, [
      { what: "redis is suspended", act: () => redis.pause(), afterMs: 3_000, breaks: true },
      { what: "redis resumes", act: () => redis.resume(), afterMs: 10_000 },
    ], expectNoRestart);
  },
};

/** Redis becomes a replica, so that it answers READONLY, and then a master again. */
export const readonly: Scenario = {
  name: "readonly",
  async run() {
    await using redis = await RedisServer.start({ durable: true });
    return await play("Redis answers READONLY", { redisUrl: redis.url }, [
      {
        what: "redis becomes a replica",
        act: () => redis.command("REPLICAOF", "127.0.0.1", "1"),
        afterMs: 3_000,
        breaks: true,
      },
      {
        what: "redis is a master again",
        act: () => redis.command("REPLICAOF", "NO", "ONE"),
        afterMs: 3_000,
      },
    ], expectNoRestart);
  },
};

/** Redis is out of memory, so that it answers OOM to writes and goes on to serve reads, and then has enough. */
export const full: Scenario = {
  name: "full",
  async run() {
    await using redis = await RedisServer.start({ durable: true });
    return await play("Redis answers OOM", { redisUrl: redis.url }, [
      {
        what: "redis reaches maxmemory",
        act: () => redis.command("CONFIG", "SET", "maxmemory", "1"),
        afterMs: 3_000,
        breaks: true,
      },
      {
        what: "redis has memory again",
        act: () => redis.command("CONFIG", "SET", "maxmemory", "0"),
        afterMs: 5_000,
      },
    ], expectNoRestart);
  },
};

/** Redis starts slowly, and answers LOADING meanwhile. */
export const loading: Scenario = {
  name: "loading",
  async run() {
    const args = ["--key-load-delay", `${LOAD_DELAY_US}`];
    await using redis = await RedisServer.start({ durable: true, args });
    return await play("Redis answers LOADING", { redisUrl: redis.url }, [
      {
        what: "redis is killed, starts again, and loads its data",
        act: () => redis.restart(),
        afterMs: 6_000,
        breaks: true,
      },
    ], expectNoRestart);
  },
};
