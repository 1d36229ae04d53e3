/**
 * Brokers on a real Redis, and what their hub would be told.
 *
 * @module
 */

import type { Publication } from "../../live/domain/broker.ts";
import { Hub } from "../../live/hub/hub.ts";
import { RedisBroker, type RedisBrokerOptions } from "../../live/redis/redis_broker.ts";
import { type Client, createClient } from "../hub/fakes.ts";
import { Watch } from "../support/queue.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";
import type { RedisServer } from "../support/redis_server.ts";

export { messageOf } from "../hub/fakes.ts";
export { RedisServer, redisTest } from "../support/redis_server.ts";

/** What may differ from broker to broker. */
export type TestBrokerOptions = Partial<Omit<RedisBrokerOptions, "logger" | "metrics">>;

/** Bounds that nothing here reaches by chance. */
export const BOUNDS = { historySize: 100, historyTtlMs: 600_000, historyMaxBytes: 100_000_000 };

/** A broker that listens to itself, and lets a test wait for what happens to it. */
export class TestBroker extends RedisBroker implements AsyncDisposable {
  /** What it logged. */
  readonly logger: RecordingLogger;
  /** What it counted. */
  readonly metrics: RecordingMetrics;
  /** Topics that it said have changed, in order. */
  readonly told: string[] = [];
  readonly #watch = new Watch();

  /** Creates a broker that does not reach for Redis yet. */
  constructor(url: string, options: TestBrokerOptions = {}) {
    const logger = new RecordingLogger();
    const metrics = new RecordingMetrics();
    super({ ...BOUNDS, url, ...options, logger, metrics });
    this.logger = logger;
    this.metrics = metrics;
  }

  /** Creates a broker; resolves once it has reached Redis. */
  static async start(
    { url }: Pick<RedisServer, "url">,
    options: TestBrokerOptions = {},
  ): Promise<TestBroker> {
    const broker = new TestBroker(url, options);
    broker.begin();
    await broker.up();
    return broker;
  }

  /** Begins to reach for Redis. */
  begin(): void {
    this.listen({
      changed: (topic) => {
        this.told.push(topic);
        this.#watch.changed();
      },
    });
  }

  /** Resolves once Redis is reached, for the so-manieth time. */
  up(times = 1): Promise<void> {
    return this.metrics.until(({ redis }) => redis.filter((up) => up).length >= times);
  }

  /** Resolves once Redis is lost, or was not reached. */
  down(): Promise<void> {
    return this.metrics.until(({ redis }) => redis.at(-1) === false);
  }

  /** Resolves once a condition holds; looks at it each time that a topic has changed. */
  until(condition: () => boolean): Promise<void> {
    return this.#watch.until(condition);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A hub on a broker of its own. */
export interface TestHub extends AsyncDisposable {
  readonly hub: Hub;
  readonly logger: RecordingLogger;
  readonly metrics: RecordingMetrics;
  /** Subscribes a new client to a topic, and resolves to it once it was sent the start. */
  join(topic: string): Promise<HubClient>;
}

/** A client that a test can wait for. */
export interface HubClient extends Client {
  /** All messages that it was sent, those in arrays one by one. */
  readonly messages: Record<string, unknown>[];
  /** Resolves once a condition on what it was sent holds. */
  until(condition: (messages: Record<string, unknown>[]) => boolean): Promise<void>;
}

/** Creates a hub, and resolves once its broker has reached Redis. */
export async function startHub(
  { url }: Pick<RedisServer, "url">,
  options: TestBrokerOptions = {},
): Promise<TestHub> {
  const logger = new RecordingLogger();
  const metrics = new RecordingMetrics();
  const broker = new RedisBroker({ ...BOUNDS, url, ...options, logger, metrics });
  const hub = new Hub({ broker, metrics, thresholdBytes: 10_000_000 });
  await logger.line("redis reached");
  return {
    hub,
    logger,
    metrics,
    async join(topic) {
      const client = createClient({ thresholdBytes: 10_000_000, metrics });
      const messages: Record<string, unknown>[] = [];
      const watch = new Watch();
      client.socket.onSend = (frame) => {
        messages.push(...[JSON.parse(frame)].flat());
        watch.changed();
      };
      await hub.subscribe(client.connection, topic, {
        onStart: (start) => client.connection.send({ type: "subscribed", topic, ...start }),
      });
      return { ...client, messages, until: (holds) => watch.until(() => holds(messages)) };
    },
    [Symbol.asyncDispose]: () => hub.stop(),
  };
}

/** Returns publications on one topic, one for each number. */
export function publications(topic: string, ...data: readonly number[]): Publication[] {
  return data.map((item) => ({ topic, data: `${item}` }));
}

/** Returns the data of outbound messages. */
export function dataOf(messages: readonly string[] | undefined): unknown[] | undefined {
  return messages?.map((message) => JSON.parse(message).data);
}
