/**
 * Tests that run for every broker.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import type { Broker } from "../../live/domain/broker.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import type { StoreBounds } from "../../live/redis/store.ts";
import { BrokerThreads } from "../threads/setup.ts";
import { Watch } from "../support/queue.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { RedisSentinels } from "../support/redis_sentinel.ts";
import { hasRedis } from "../support/redis_server.ts";
import { BOUNDS, RedisServer, redisTest, TestBroker } from "./setup.ts";

/** A broker under test, and what it reported to its hub. */
export interface Subject {
  /** The broker. */
  readonly broker: Broker;
  /** Topics that it reported as changed, in order. */
  readonly changed: readonly string[];
  /** Called with each changed topic. */
  onChanged: (topic: string) => void;
  /** Resolves once a condition holds; it is checked whenever a topic has changed. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when `ms` milliseconds have passed for the broker. */
  elapse(ms: number): Promise<unknown>;
}

/** Servers that all tests of a file share, because starting them takes seconds. */
interface Shared {
  readonly url: string;
  /** The servers that hold data. */
  readonly servers: readonly RedisServer[];
}

let cluster: RedisCluster | undefined;
let sentinels: RedisSentinels | undefined;

Deno.test.beforeAll(async () => {
  if (!hasRedis) return;
  [cluster, sentinels] = await Promise.all([RedisCluster.start(), RedisSentinels.start()]);
});

Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await sentinels?.[Symbol.asyncDispose]();
});

/** Registers a test of a behaviour once for each broker. */
export function contract(
  behaviour: string,
  fn: (subject: Subject) => Promise<void>,
  bounds: Partial<StoreBounds> = {},
): void {
  Deno.test(`MemoryBroker ${behaviour}`, async () => {
    using time = new FakeTime();
    const broker = new MemoryBroker({ ...BOUNDS, ...bounds, metrics: new RecordingMetrics() });
    const changed: string[] = [];
    const watch = new Watch();
    const subject: Subject = {
      broker,
      changed,
      onChanged() {},
      until: (condition) => watch.until(condition),
      elapse: (ms) => time.tickAsync(ms),
    };
    broker.listen({
      changed(topic) {
        changed.push(topic);
        subject.onChanged(topic);
        watch.changed();
      },
    });
    try {
      await fn(subject);
    } finally {
      await broker.stop();
    }
  });

  Deno.test(`the broker of a thread ${behaviour}`, async () => {
    using time = new FakeTime();
    const main = new MemoryBroker({ ...BOUNDS, ...bounds, metrics: new RecordingMetrics() });
    await using threads = new BrokerThreads(main);
    const { broker } = threads.add({ ...BOUNDS, ...bounds });
    const changed: string[] = [];
    const watch = new Watch();
    const subject: Subject = {
      broker,
      changed,
      onChanged() {},
      until: (condition) => watch.until(condition),
      elapse: (ms) => time.tickAsync(ms),
    };
    broker.listen({
      changed(topic) {
        changed.push(topic);
        subject.onChanged(topic);
        watch.changed();
      },
    });
    await fn(subject);
  });

  redisTest(`RedisBroker ${behaviour}`, async () => {
    await using redis = await RedisServer.start();
    await onRedis({ url: redis.url, servers: [redis] }, fn, bounds);
  });

  redisTest(`RedisBroker on a cluster ${behaviour}`, async () => {
    const { url = "", masters: servers = [] } = cluster ?? {};
    await onRedis({ url, servers }, fn, bounds);
  });

  redisTest(`RedisBroker with Sentinel ${behaviour}`, async () => {
    const { url = "", servers = [] } = sentinels ?? {};
    await onRedis({ url, servers: servers.slice(0, 1) }, fn, bounds);
  });
}

/** Runs a test on empty servers. */
async function onRedis(
  { url, servers }: Shared,
  fn: (subject: Subject) => Promise<void>,
  bounds: Partial<StoreBounds>,
): Promise<void> {
  for (const server of servers) await server.command("FLUSHALL");
  await using broker = await TestBroker.start({ url }, bounds);
  await fn({
    broker,
    changed: broker.changed,
    set onChanged(listener: Subject["onChanged"]) {
      broker.onChanged = listener;
    },
    until: (condition) => broker.until(condition),
    // A test cannot change the time of Redis, only wait.
    elapse: (ms) => servers.at(-1)?.command("BLPOP", "{p0}", `${ms / 1_000}`) ?? Promise.resolve(),
  });
}
