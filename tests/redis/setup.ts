/**
 * Brokers and a hub on a real Redis.
 *
 * @module
 */

import type { Cursor, LoggedPublication } from "../../live/domain/broker.ts";
import { Publication } from "../../live/domain/publication.ts";
import { Hub } from "../../live/hub/hub.ts";
import { partitionOf } from "../../live/redis/partition.ts";
import { RedisBroker } from "../../live/redis/redis_broker.ts";
import type { StoreBounds } from "../../live/redis/store.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";
import { Watch } from "../support/queue.ts";
import { RedisServer, redisTest } from "../support/redis_server.ts";
import { type Address, TestLink } from "./test_link.ts";

export { RedisServer, redisTest, TestLink };

/** Bounds that are too large for a test to reach by accident. */
export const BOUNDS = { historySize: 100, historyTtlMs: 600_000, historyMaxBytes: 100_000_000 };

/** A broker with its own link, with methods to wait for events. */
export class TestBroker extends RedisBroker implements AsyncDisposable {
  readonly link: TestLink;
  /** Topics that it reported as changed, in order. */
  readonly changed: string[] = [];
  /** Called with each changed topic. */
  onChanged: (topic: string) => void = () => {};
  readonly #watch = new Watch();

  /** Creates a broker whose link is not started. */
  constructor(address: Address, bounds: Partial<StoreBounds> = {}) {
    const link = new TestLink(address);
    super({ ...BOUNDS, ...bounds, link, logger: link.logger, metrics: link.metrics });
    this.link = link;
    this.listen({
      changed: (topic) => {
        this.changed.push(topic);
        this.onChanged(topic);
        this.#watch.changed();
      },
    });
  }

  /** Creates a broker; resolves once it has reached Redis. */
  static async start(address: Address, bounds: Partial<StoreBounds> = {}): Promise<TestBroker> {
    const broker = new TestBroker(address, bounds);
    broker.link.start();
    await broker.link.up();
    return broker;
  }

  /** Resolves once a condition holds; it is checked whenever a topic has changed. */
  until(condition: () => boolean): Promise<void> {
    return this.#watch.until(condition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.link.stop();
  }
}

/** Registers a test with a broker on its own server. */
export function brokerTest(
  name: string,
  fn: (broker: TestBroker, redis: RedisServer) => Promise<void>,
  { durable = false, ...bounds }: Partial<StoreBounds> & { durable?: boolean } = {},
): void {
  redisTest(name, async () => {
    await using redis = await RedisServer.start({ durable });
    await using broker = await TestBroker.start(redis, bounds);
    await fn(broker, redis);
  });
}

/** A hub with its own broker and link. */
export class TestHub extends Hub implements AsyncDisposable {
  readonly link: TestLink;

  private constructor(link: TestLink, bounds: Partial<StoreBounds>) {
    const { logger, metrics } = link;
    const broker = new RedisBroker({ ...BOUNDS, ...bounds, link, logger, metrics });
    super({ broker, metrics, thresholdBytes: 10_000_000 });
    this.link = link;
  }

  /** Creates a hub; resolves once it has reached Redis. */
  static async start(address: Address, bounds: Partial<StoreBounds> = {}): Promise<TestHub> {
    const hub = new TestHub(new TestLink(address), bounds);
    hub.link.start();
    await hub.link.up();
    return hub;
  }

  /** Subscribes a new client to a topic, and resolves to it. */
  async join(topic: string, since?: Cursor): Promise<TestSubscriber> {
    const subscriber = new TestSubscriber();
    await this.subscribe(subscriber, topic, {
      since,
      onStart: (start) =>
        subscriber.deliver(jsonWire.answer({ type: "subscribed", topic, ...start })),
    });
    return subscriber;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.link.stop();
  }
}

/** A client that always has room. */
export class TestSubscriber {
  readonly wire = jsonWire;
  readonly ended = false;
  readonly hasRoom = true;
  /** All messages that it has got, those in arrays one by one. */
  readonly messages: Record<string, unknown>[] = [];
  readonly #watch = new Watch();

  deliver(frame: string): boolean {
    this.messages.push(...[JSON.parse(frame)].flat());
    this.#watch.changed();
    return true;
  }

  /** Resolves once a condition on its messages holds. */
  until(condition: (messages: Record<string, unknown>[]) => boolean): Promise<void> {
    return this.#watch.until(() => condition(this.messages));
  }
}

/** Returns a key of a topic, such as its log, or its channel in a database. */
export function keyOf(what: string, topic: string): string {
  return `${partitionOf(topic)}${what}:${topic}`;
}

/** Returns a publication with a payload, and with a key if there is one. */
export function publication(topic: string, data: unknown, key?: string): Publication {
  return Publication.from({ topic, data, key });
}

/** Returns the removal of a key. */
export function removal(topic: string, key: string): Publication {
  return Publication.from({ topic, key, removed: true });
}

/** Returns publications on one topic without keys, one for each payload. */
export function publications(topic: string, ...data: readonly unknown[]): Publication[] {
  return data.map((item) => publication(topic, item));
}

/** Returns the payloads of publications in a log; `undefined` for a removal. */
export function dataOf(logged: Iterable<LoggedPublication> | undefined): unknown[] | undefined {
  return logged && [...logged].map(({ json }) => json && JSON.parse(json));
}

/** Returns offset, key and payload as JSON text of publications in a log. */
export function entriesOf(logged: Iterable<LoggedPublication> | undefined): unknown[] | undefined {
  return logged && [...logged].map(({ offset, key, json }) => [offset, key, json]);
}
