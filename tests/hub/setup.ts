/**
 * The hub set up for a test: the real one, on a broker that can be held up.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import type { ConnectionOptions } from "../../live/connection/connection.ts";
import type { Broker, BrokerEvents, Cursor, Position, TopicLog } from "../../live/domain/broker.ts";
import { Publication, type PublicationInput } from "../../live/domain/publication.ts";
import type { Wire } from "../../live/domain/wire.ts";
import { MemoryBroker, type MemoryBrokerOptions } from "../../live/history/memory_broker.ts";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import { Hub } from "../../live/hub/hub.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";
import { type Client, createClient, FakeClock } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import type { Message } from "./reader_setup.ts";

/** A broker whose topics open when the test lets them. */
export class HeldBroker implements Broker {
  readonly trouble = undefined;
  /** Calls of `open`, `refresh` and `close`, in order. */
  readonly calls: string[] = [];
  /** Called when a topic is refreshed. */
  onRefresh: () => unknown = () => {};
  readonly #inner: Broker;
  #gate: PromiseWithResolvers<void> | undefined;

  /** Creates a broker that wraps the actual one. */
  constructor(inner: Broker) {
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

  /** Opens the topics that wait, and later ones at once; with an error, fails those that wait. */
  letGo(error?: Error): void {
    if (error === undefined) this.#gate?.resolve();
    else this.#gate?.reject(error);
    this.#gate = undefined;
  }
}

/** A wire that counts how often it renders a publication or an answer. */
export interface CountingWire extends Wire {
  rendered: number;
}

/** Wraps a wire, so that a test sees what is shared. */
export function countingWire(wire: Wire): CountingWire {
  const counting: CountingWire = {
    ...wire,
    rendered: 0,
    answer(message) {
      counting.rendered++;
      return wire.answer(message);
    },
    publication(log, publication, skipped) {
      counting.rendered++;
      return wire.publication(log, publication, skipped);
    },
  };
  return counting;
}

/** Returns the messages that a client was sent, those in arrays one by one. */
export function messagesOf({ socket }: Client): Message[] {
  return socket.frames.flatMap((frame) => JSON.parse(frame));
}

/** What may differ from setup to setup. */
export interface HubSetupOptions extends Partial<Omit<MemoryBrokerOptions, "metrics">> {
  /** Broker in place of a memory broker. */
  readonly broker?: Broker;
  /** Wire of all clients. @default {jsonWire} */
  readonly wire?: Wire;
  /** What one connection may hold unsent, in bytes. @default {1_048_576} */
  readonly thresholdBytes?: number;
  /** How long messages are gathered, in milliseconds. */
  readonly flushIntervalMs?: number;
}

/**
 * A hub and its surroundings, which stop when it is disposed of. Time is faked until then, so that a
 * promise that never settles fails its test: none of the hub's timers keeps the test waiting.
 */
export class HubSetup implements AsyncDisposable {
  /** The time of all timers. */
  readonly time: FakeTime = new FakeTime(0);
  /** The hub's clock, which {@linkcode publish} and {@linkcode pass} advance. */
  readonly clock: FakeClock = new FakeClock();
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  readonly broker: HeldBroker;
  readonly hub: Hub;
  readonly #client: Pick<ConnectionOptions, "wire" | "thresholdBytes" | "metrics">;

  /** Creates a hub without topics. */
  constructor(options: HubSetupOptions = {}) {
    const { wire = jsonWire, thresholdBytes = 1_048_576, flushIntervalMs = 0, ...history } =
      options;
    const { metrics, clock: { now } } = this;
    const bounds = { historySize: 256, historyTtlMs: 300_000, historyMaxBytes: 1_000_000 };
    const inner = options.broker ?? new MemoryBroker({ ...bounds, ...history, metrics });
    this.#client = { wire, thresholdBytes, metrics };
    this.broker = new HeldBroker(inner);
    this.hub = new Hub({ broker: this.broker, thresholdBytes, flushIntervalMs, metrics, now });
  }

  /** Creates a connection that unsubscribes from these topics when it ends. */
  connect(...topics: string[]): Client {
    return createClient({
      ...this.#client,
      onEnd: (connection) => {
        for (const topic of topics) this.hub.unsubscribe(connection, topic);
      },
    });
  }

  /** Creates a connection and subscribes it to the topics, without an answer. */
  async join(...topics: string[]): Promise<Client> {
    const client = this.connect(...topics);
    for (const topic of topics) {
      await this.hub.subscribe(client.connection, topic, { onStart() {} });
    }
    return client;
  }

  /** Subscribes a client, which gets the start as `subscribed`. */
  subscribe({ connection }: Client, topic: string, since?: Cursor, id?: string): Promise<void> {
    return this.hub.subscribe(connection, topic, {
      since,
      onStart: (start) => connection.send({ type: "subscribed", topic, id, ...start }),
    });
  }

  /** Publishes on one topic; when it resolves, the hub has had a turn to send. */
  publish(topic: string, ...data: unknown[]): Promise<Position[]> {
    return this.publishAll(...data.map((data) => ({ topic, data })));
  }

  /** Publishes a batch; when it resolves, the hub has had a turn to send. */
  async publishAll(...batch: PublicationInput[]): Promise<Position[]> {
    this.clock.ms += 10;
    const positions = await this.hub.publish(batch.map(Publication.from));
    await turn();
    return positions;
  }

  /** Advances both clocks, from one visit of the lagging sockets to the next. */
  async pass(ms: number, beforeVisit?: () => void): Promise<void> {
    for (let passed = 0; passed < ms; passed += RETRY_MS) {
      beforeVisit?.();
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
