/**
 * What any broker is tested by.
 *
 * @module
 */

import type { Broker, Publication } from "../../live/domain/broker.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { Watch } from "../support/queue.ts";
import { RecordingMetrics } from "../support/recorders.ts";
import { BOUNDS, RedisServer, redisTest, TestBroker, type TestBrokerOptions } from "./setup.ts";

/** A broker under test, and what it told its hub. */
export interface Subject {
  /** The broker. */
  readonly broker: Broker;
  /** Topics that it said have changed, in order. */
  readonly told: readonly string[];
  /** Called when it says that a topic has changed. */
  onChanged: (topic: string) => void;
  /** Resolves once a condition holds; looks at it each time that a topic has changed. */
  until(condition: () => boolean): Promise<void>;
  /** Publishes on one topic, with keys where they are given. */
  publish(topic: string, ...items: [data: string, key?: string][]): Promise<void>;
}

/** Registers a test of a behaviour that every broker has, once for each broker. */
export function contract(
  behaviour: string,
  fn: (subject: Subject) => Promise<void>,
  options: TestBrokerOptions = {},
): void {
  Deno.test(`MemoryBroker ${behaviour}`, async () => {
    const broker = new MemoryBroker({ ...BOUNDS, ...options, metrics: new RecordingMetrics() });
    try {
      await fn(observe(broker));
    } finally {
      await broker.stop();
    }
  });

  redisTest(`RedisBroker ${behaviour}`, async () => {
    await using redis = await RedisServer.start();
    await using broker = new TestBroker(redis.url, options);
    const subject = observe(broker);
    await broker.up();
    await fn(subject);
  });
}

function observe(broker: Broker): Subject {
  const told: string[] = [];
  const watch = new Watch();
  const subject: Subject = {
    broker,
    told,
    onChanged() {},
    until: (condition) => watch.until(condition),
    async publish(topic, ...items) {
      const batch = items.map(([data, key]): Publication =>
        key === undefined ? { topic, data } : { topic, data, key }
      );
      await broker.publish(batch);
    },
  };
  broker.listen({
    changed(topic) {
      told.push(topic);
      subject.onChanged(topic);
      watch.changed();
    },
  });
  return subject;
}
