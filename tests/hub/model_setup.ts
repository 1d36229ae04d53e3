/**
 * A hub with random events of every kind.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Position } from "../../live/domain/broker.ts";
import { Publication } from "../../live/domain/publication.ts";
import type { Client } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { Random } from "../support/random.ts";
import { Life, type Message, Reader, Seen } from "./reader_setup.ts";
import { HubSetup } from "./setup.ts";
import { StoreBroker } from "./store_setup.ts";

const TOPICS = ["a:1", "b:1", "c:1"];
const KEYS = Array.from({ length: 60 }, (_, index) => `key-${index}`);
const PAD = "x".repeat(16_000);

/** Small, so that a slow consumer soon gets the newest state only. */
const THRESHOLD = 60_000;

/** Enough clients that a broadcast to them takes several turns. */
const CLIENTS = 20;

interface Listener {
  client: Client;
  readonly readers: ReadonlyMap<string, Reader>;
  /** Frames that are still in the socket's buffer; they are lost with the connection. */
  pending: (() => void)[];
}

/** What may differ from run to run. */
export interface ModelOptions {
  /** What all topics may hold together, in bytes. */
  readonly maxBytes?: number;
  /** How long messages are gathered, in milliseconds. */
  readonly flushIntervalMs?: number;
  /** Whether logs are in a shared store, which can be cut off or lose them. */
  readonly store?: boolean;
}

/** A hub under random use, with clients that check what they get. */
export class Model implements AsyncDisposable {
  readonly seen = new Seen();
  readonly #random: Random;
  readonly #setup: HubSetup;
  readonly #store: StoreBroker | undefined;
  readonly #lives = new Map<string, Life>();
  readonly #listeners: Listener[] = [];
  /** What happened, in order, for when the positions of publications are known. */
  readonly #events: (() => void)[] = [];
  #sent = 0;

  /** Creates a hub and clients without subscriptions. */
  constructor(seed: number, historySize: number, options: ModelOptions) {
    this.#random = new Random(seed);
    this.#store = options.store ? new StoreBroker(historySize) : undefined;
    this.#setup = new HubSetup({
      ...this.#store && { broker: this.#store },
      historySize,
      historyTtlMs: 2 ** 31,
      historyMaxBytes: options.maxBytes ?? 100_000_000,
      flushIntervalMs: options.flushIntervalMs ?? 0,
      thresholdBytes: THRESHOLD,
    });
    for (let i = 0; i < CLIENTS; i++) {
      const readers = TOPICS.map((topic) => {
        const lifeOf = (epoch: string) => this.#lifeOf(topic, epoch);
        return [topic, new Reader(lifeOf, this.seen)] as const;
      });
      const client = this.#setup.connect();
      const listener: Listener = { client, readers: new Map(readers), pending: [] };
      this.#listeners.push(listener);
      this.#connect(listener);
    }
  }

  /** Makes one random step. */
  async step(): Promise<void> {
    const listener = this.#random.of(this.#listeners);
    const topic = this.#random.of(TOPICS);
    const { socket, connection } = listener.client;
    if (connection.ended) this.#connect(listener);
    const kind = this.#random.below(100);
    if (kind < 25) this.#publish();
    else if (kind < 45) this.#subscribe(listener, topic);
    else if (kind < 48) this.#unsubscribe(listener, topic);
    else if (kind < 51) this.#end(listener);
    else if (kind < 57) socket.slow = !socket.slow;
    else if (kind < 65) this.#drain(listener, this.#random.below(3) === 0 ? 0 : 0.5);
    else if (kind < 66) this.#setup.broker.hold();
    else if (kind < 70) this.#setup.broker.letGo();
    else if (kind < 82) this.#pass(this.#random.below(30));
    else if (kind < 84) this.#pass(700);
    else if (kind < 87 && this.#store) this.#store.isCutOff = true;
    else if (kind < 91) this.#store?.reconnect();
    else if (kind < 92) this.#store?.lose(topic);
    else await turn();
    await this.#settle();
  }

  /** Lets all clients catch up, and checks what they hold. */
  async finish(): Promise<void> {
    this.#setup.broker.letGo();
    this.#store?.reconnect();
    for (let i = 0; i < 50; i++) {
      for (const listener of this.#listeners) this.#drain(listener, 0);
      this.#pass(20);
      await turn();
      await this.#settle();
    }
    for (const topic of TOPICS) {
      const log = await this.#setup.broker.open(topic);
      for (const { client, readers } of this.#listeners) {
        const reader = readers.get(topic);
        if (!reader?.isSubscribed || client.connection.ended) continue;
        assertEquals(reader.asked, undefined);
        reader.check(log.epoch, log.latest(0));
      }
    }
    for (const { client } of this.#listeners) {
      client.connection.end(1001, "gone");
    }
    for (const topic of TOPICS) this.#setup.broker.close(topic);
    const { gauges, outbound } = this.#setup.metrics;
    assertEquals([gauges.subscriptions, gauges.topics, outbound.message], [0, 0, this.#sent]);
  }

  /** Returns what the history holds after no topic was used for the time to live. */
  finalBytes(): number {
    this.#setup.time.tick(2 ** 31 * 1.5);
    return this.#store?.budget.used ?? this.#setup.metrics.gauges.historyBytes;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#setup[Symbol.asyncDispose]();
  }

  #lifeOf(topic: string, epoch: string): Life {
    const name = `${topic} ${epoch}`;
    const life = this.#lives.get(name) ?? new Life();
    this.#lives.set(name, life);
    return life;
  }

  /** Lets publications become known, and then everything happen that was recorded. */
  async #settle(): Promise<void> {
    for (let i = 0; i < 8; i++) await undefined;
    for (const event of this.#events.splice(0)) event();
  }

  #pass(ms: number): void {
    this.#setup.clock.ms += ms;
    this.#setup.time.tick(ms);
  }

  #publish(): void {
    const count = this.#random.below(20) === 0 ? 50 : 1 + this.#random.below(4);
    const batch = Array.from({ length: count }, () => this.#publication());
    let positions: Position[] = [];
    this.#setup.hub.publish(batch).then((all) => positions = all);
    this.#events.push(() => {
      for (const [index, { topic, epoch, offset }] of positions.entries()) {
        this.#lifeOf(topic, epoch).append(batch[index] as Publication, offset);
      }
    });
  }

  #publication(): Publication {
    const topic = this.#random.of(TOPICS);
    const key = this.#random.below(3) === 0 ? undefined : this.#random.of(KEYS);
    if (key !== undefined && this.#random.below(4) === 0) {
      return Publication.from({ topic, key, removed: true });
    }
    const length = this.#random.below(2) === 0 ? this.#random.below(PAD.length) : 0;
    return Publication.from({ topic, key, data: `${this.#random.next()}${PAD.slice(0, length)}` });
  }

  #subscribe({ client, readers }: Listener, topic: string): void {
    const reader = readers.get(topic);
    if (!reader || reader.asked || client.connection.ended) return;
    const { cursor } = reader;
    const since = this.#random.of([cursor, cursor, cursor, undefined, { ...cursor, epoch: "no" }]);
    reader.asked = { since };
    this.#setup.subscribe(client, topic, since, "id");
  }

  #unsubscribe({ client, readers }: Listener, topic: string): void {
    const reader = readers.get(topic);
    if (!reader || reader.asked) return;
    this.#setup.hub.unsubscribe(client.connection, topic);
    this.#events.push(() => reader.isSubscribed = false);
  }

  #end(listener: Listener): void {
    listener.client.connection.end(1001, "gone");
    this.#events.push(() => {
      listener.pending = [];
      for (const reader of listener.readers.values()) {
        reader.isSubscribed = false;
        reader.asked = undefined;
      }
    });
  }

  /** Lets the client read a part of what its socket holds. */
  #drain(listener: Listener, rest: number): void {
    const { socket } = listener.client;
    socket.bufferedAmount = Math.floor(socket.bufferedAmount * rest);
    this.#events.push(() => {
      const { length } = listener.pending;
      for (const receive of listener.pending.splice(0, length - Math.floor(length * rest))) {
        receive();
      }
    });
  }

  #connect(listener: Listener): void {
    const client = this.#setup.connect(...TOPICS);
    listener.client = client;
    client.socket.onSend = (frame) => {
      if (this.#random.below(4) === 0) this.#setup.clock.ms++;
      const messages: Message[] = [JSON.parse(frame)].flat();
      const heads = new Map(TOPICS.map((topic) => [topic, this.#store?.headOf(topic)]));
      const isSlow = client.socket.slow;
      this.#sent += messages.filter(({ type }) => type === "message").length;
      this.#events.push(() => {
        const all = messages.map((message) => {
          const { topic, epoch } = message;
          return { message, head: heads.get(topic) ?? this.#lifeOf(topic, epoch).head };
        });
        const receive = () => {
          for (const { message, head } of all) this.#receive(listener, message, head);
        };
        if (isSlow || listener.pending.length > 0) listener.pending.push(receive);
        else receive();
      });
    };
  }

  #receive({ readers }: Listener, message: Message, head: number): void {
    const reader = readers.get(message.topic);
    if (!reader?.isSubscribed && message.id === undefined) return; // sent before it unsubscribed
    if (message.type === "subscribed") reader?.start(message, head);
    else reader?.receive(message);
  }
}
