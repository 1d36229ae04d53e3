/**
 * How behaviours are tested that every broker has.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import type { Broker } from "../../live/domain/broker.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import type { StoreBounds } from "../../live/redis/store.ts";
import { Watch } from "../support/queue.ts";
import { RecordingMetrics } from "../support/recorders.ts";
import { BOUNDS, RedisServer, redisTest, TestBroker } from "./setup.ts";

/** A broker under test, and what it reported to its hub. */
export interface Subject {
  /** The broker. */
  readonly broker: Broker;
  /** Topics that it reported as changed, in order. */
  readonly changed: readonly string[];
  /** Called with each of them. */
  onChanged: (topic: string) => void;
  /** Resolves once a condition holds; it is checked whenever a topic has changed. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when that many milliseconds have passed for the broker. */
  elapse(ms: number): Promise<unknown>;
}

/** Registers a test of a behaviour, once for each broker. */
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

  redisTest(`RedisBroker ${behaviour}`, async () => {
    await using redis = await RedisServer.start();
    await using broker = await TestBroker.start(redis, bounds);
    await fn({
      broker,
      changed: broker.changed,
      set onChanged(listener: Subject["onChanged"]) {
        broker.onChanged = listener;
      },
      until: (condition) => broker.until(condition),
      // Redis keeps its own time, which a test can only wait for.
      elapse: (ms) => redis.command("BLPOP", "nothing", `${ms / 1_000}`),
    });
  });
}
