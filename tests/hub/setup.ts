/**
 * The hub set up for a test: the real one, on a broker that can be held up.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import type {
  Broker,
  BrokerEvents,
  Cursor,
  Position,
  Publication,
  TopicLog,
} from "../../live/domain/broker.ts";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import { Hub, type SubscribeOptions } from "../../live/hub/hub.ts";
import { MemoryBroker, type MemoryBrokerOptions } from "../../live/history/memory_broker.ts";
import {
  type Client,
  createClient,
  createRecordingMetrics,
  FakeClock,
  type RecordingMetrics,
  turn,
} from "./fakes.ts";

/** A memory broker that can be told to take its time over opening a topic. */
export class HeldBroker implements Broker {
  readonly trouble = undefined;
  /** What was opened and closed, in order. */
  readonly calls: string[] = [];
  /** Called when a topic is refreshed. */
  onRefresh: () => unknown = () => {};
  readonly #inner: MemoryBroker;
  #gate: PromiseWithResolvers<void> | undefined;

  /** Creates a broker around one that does the work. */
  constructor(inner: MemoryBroker) {
    this.#inner = inner;
  }

  listen(events: BrokerEvents): void {
    this.#inner.listen(events);
  }

  publish(publications: readonly Publication[]): Promise<Position[]> {
    return this.#inner.publish(publications);
  }

  async open(topic: string): Promise<TopicLog> {
    this.calls.push(`open ${topic}`);
    const log = this.#inner.open(topic); // grows from now on
    await this.#gate?.promise;
    return log;
  }

  async refresh(topic: string): Promise<void> {
    this.calls.push(`refresh ${topic}`);
    await this.onRefresh();
  }

  close(topic: string): void {
    this.calls.push(`close ${topic}`);
    this.#inner.close(topic);
  }

  stop(): Promise<void> {
    return this.#inner.stop();
  }

  /** Makes topics wait from now on. */
  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  /** Opens the topics that wait, and those to come; with an error, fails those that wait. */
  letGo(error?: Error): void {
    if (error === undefined) this.#gate?.resolve();
    else this.#gate?.reject(error);
    this.#gate = undefined;
  }
}

/** What may differ from bench to bench. */
export interface BenchOptions extends Partial<Omit<MemoryBrokerOptions, "metrics">> {
  /** What one connection may hold unsent, in bytes. */
  readonly thresholdBytes?: number;
  /** How long messages are gathered, in milliseconds. */
  readonly flushIntervalMs?: number;
}

/**
 * A hub with all it needs, which stops when it is disposed of. Time is faked until then, so that
 * a promise that never settles fails its test: no timer of the hub's keeps the test waiting.
 */
export class Bench implements AsyncDisposable {
  /** The time that timers go by. */
  readonly time: FakeTime = new FakeTime(0);
  /** The hub's clock, which {@linkcode publish} moves on. */
  readonly clock: FakeClock = new FakeClock();
  /** What the hub told. */
  readonly metrics: RecordingMetrics = createRecordingMetrics();
  /** The hub's broker. */
  readonly broker: HeldBroker;
  /** The hub. */
  readonly hub: Hub;
  readonly #thresholdBytes: number;

  /** Creates a hub without topics. */
  constructor(options: BenchOptions = {}) {
    const { thresholdBytes = 1_048_576, flushIntervalMs = 0, ...history } = options;
    const { metrics, clock: { now } } = this;
    const bounds = { historySize: 256, historyTtlMs: 300_000, historyMaxBytes: 1_000_000 };
    this.#thresholdBytes = thresholdBytes;
    this.broker = new HeldBroker(new MemoryBroker({ ...bounds, ...history, metrics }));
    this.hub = new Hub({ broker: this.broker, thresholdBytes, flushIntervalMs, metrics, now });
  }

  /** Creates a connection that unsubscribes from these topics when it ends. */
  connect(...topics: string[]): Client {
    return createClient({
      thresholdBytes: this.#thresholdBytes,
      metrics: this.metrics,
      onEnd: (connection) => {
        for (const topic of topics) this.hub.unsubscribe(connection, topic);
      },
    });
  }

  /** Creates a connection as {@linkcode connect} does, and subscribes it to the topics. */
  async join(...topics: string[]): Promise<Client> {
    const client = this.connect(...topics);
    for (const topic of topics) {
      await this.hub.subscribe(client.connection, topic, { onStart() {} });
    }
    return client;
  }

  /** Subscribes a client, which is sent the start as `subscribed`. */
  subscribe({ connection }: Client, topic: string, since?: Cursor): Promise<void> {
    const onStart: SubscribeOptions["onStart"] = (start) =>
      connection.send({ type: "subscribed", topic, ...start });
    return this.hub.subscribe(connection, topic, { since, onStart });
  }

  /** Publishes messages on one topic; when it resolves, the hub has had a turn to send them. */
  async publish(topic: string, ...data: unknown[]): Promise<Position[]> {
    this.clock.ms += 10;
    const publications = data.map((item) => ({ topic, data: JSON.stringify(item) }));
    const positions = await this.hub.publish(publications);
    await turn();
    return positions;
  }

  /** Moves both clocks on, from one look at the sockets that lag to the next. */
  async pass(ms: number, eachLook?: () => void): Promise<void> {
    for (let passed = 0; passed < ms; passed += RETRY_MS) {
      eachLook?.();
      this.clock.ms += RETRY_MS;
      this.time.tick(RETRY_MS);
      await turn();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.stop();
    this.time.restore();
  }
}
