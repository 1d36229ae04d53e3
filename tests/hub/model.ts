/**
 * A model of the hub: it does at random what can happen to one, and knows what each socket must
 * be sent.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import type { Cursor, Publication } from "../../live/domain/broker.ts";
import { Bench } from "./setup.ts";
import { type Client, messageOf, turn } from "./fakes.ts";

const TOPICS = ["a:1", "b:1", "c:1"];
const KEYS = [undefined, "x", "y", "z"];

/** So many that a walk over them takes several slices. */
const CLIENTS = 80;

/** Small, so that slow sockets pass it now and then. */
const THRESHOLD = 3_000;

/** What a topic's log must look like. */
interface Log {
  epoch: string | undefined;
  /** Outbound JSON of all messages, the first one first. */
  readonly messages: string[];
  /** Outbound JSON of the latest message by key, oldest first. */
  readonly latest: Map<string, string>;
}

/** A client and what it must be sent. */
interface Listener extends Client {
  /** Offset of the last message it was sent, by topic that it is subscribed to. */
  readonly cursors: Map<string, number>;
  /** Where it said that it stood, by topic that it asked for. */
  readonly asked: Map<string, Cursor | undefined>;
}

/** A hub under random use. Whatever it sends that it must not, or in a wrong order, is a fault. */
export class Model implements AsyncDisposable {
  /** What came about, to see that a run is not an idle one. */
  readonly seen = { received: 0, recovered: 0, snapshots: 0, skipped: 0, tooSlow: 0 };
  readonly #random: (bound: number) => number;
  readonly #bench: Bench;
  readonly #historySize: number;
  readonly #logs = new Map<string, Log>();
  readonly #listeners: Listener[] = [];
  readonly #under: Promise<unknown>[] = [];
  readonly #faults: unknown[] = [];

  /** Creates a hub with clients that listen to nothing yet. */
  constructor(seed: number, historySize: number) {
    this.#random = createRandom(seed);
    this.#historySize = historySize;
    this.#bench = new Bench({ historySize, thresholdBytes: THRESHOLD, historyTtlMs: 2 ** 31 });
    for (const topic of TOPICS) {
      this.#logs.set(topic, { epoch: undefined, messages: [], latest: new Map() });
    }
    for (let i = 0; i < CLIENTS; i++) this.#listeners.push(this.#connect());
  }

  /** Lets one thing happen, and fails if it led to a fault. */
  async step(): Promise<void> {
    const index = this.#random(CLIENTS);
    if (this.#listeners[index]?.connection.ended) this.#listeners[index] = this.#connect();
    const listener = this.#listeners[index] as Listener;
    const topic = this.#one(TOPICS);
    const kind = this.#random(100);
    if (kind < 25) this.#publish();
    else if (kind < 50) this.#subscribe(listener, topic);
    else if (kind < 54) this.#unsubscribe(listener, topic);
    else if (kind < 56) listener.connection.end(1001, "gone");
    else if (kind < 62) listener.socket.slow = !listener.socket.slow;
    else if (kind < 68) listener.socket.bufferedAmount >>= this.#random(12);
    else if (kind < 70) this.#bench.broker.hold();
    else if (kind < 74) this.#bench.broker.letGo();
    else if (kind < 88) this.#pass(this.#random(30));
    else if (kind < 90) this.#pass(500);
    else await turn();
    if (this.#faults.length > 0) throw this.#faults[0];
  }

  /** Lets everybody catch up, and fails if somebody lacks something. */
  async finish(): Promise<void> {
    this.#bench.broker.letGo();
    for (const { socket } of this.#listeners) {
      socket.slow = false;
      socket.bufferedAmount = 0;
    }
    for (let i = 0; i < CLIENTS; i++) {
      this.#pass(20);
      await turn();
    }
    await Promise.all(this.#under);
    if (this.#faults.length > 0) throw this.#faults[0];
    const alive = this.#listeners.filter(({ connection }) => !connection.ended);
    for (const { cursors } of alive) {
      for (const [topic, cursor] of cursors) assertEquals(cursor, this.#log(topic).messages.length);
    }
    const { gauges, sentCounts, skippedCount } = this.#bench.metrics;
    const subscriptions = alive.reduce((sum, { cursors }) => sum + cursors.size, 0);
    assertEquals([gauges.subscriptions, sentCounts.message], [subscriptions, this.seen.received]);
    assertEquals(skippedCount, this.seen.skipped);
    for (const { connection } of alive) connection.end(1001, "gone");
    assertEquals([gauges.subscriptions, gauges.topics], [0, 0]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bench[Symbol.asyncDispose]();
  }

  #one<T>(items: readonly T[]): T {
    return items[this.#random(items.length)] as T;
  }

  #log(topic: string): Log {
    return this.#logs.get(topic) as Log;
  }

  #pass(ms: number): void {
    this.#bench.clock.ms += ms;
    this.#bench.time.tick(ms);
  }

  #connect(): Listener {
    const client = this.#bench.connect(...TOPICS);
    const listener: Listener = { ...client, cursors: new Map(), asked: new Map() };
    const { socket } = client;
    socket.onSend = (frame) => {
      if (this.#random(4) === 0) this.#bench.clock.ms++;
      this.#note(() => [JSON.parse(frame)].flat().forEach((item) => this.#receive(listener, item)));
    };
    const close = socket.close.bind(socket);
    socket.close = (code, reason) => {
      close(code, reason);
      this.#note(() => this.#close(listener, code));
    };
    return listener;
  }

  /** Keeps a fault: a connection takes what its socket throws for a socket that broke. */
  #note(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#faults.push(error);
    }
  }

  #publish(): void {
    const count = this.#random(20) === 0 ? 300 : 1 + this.#random(5);
    const batch: Publication[] = [];
    const offsets: number[] = [];
    for (let i = 0; i < count; i++) {
      const [topic, key, data] = [this.#one(TOPICS), this.#one(KEYS), this.#random(1_000)];
      const { messages, latest } = this.#log(topic);
      const message = messageOf(topic, messages.length + 1, data, key);
      offsets.push(messages.push(message));
      if (key !== undefined) {
        latest.delete(key);
        latest.set(key, message);
      }
      batch.push({ topic, data: `${data}`, ...(key === undefined ? {} : { key }) });
    }
    const checked = this.#bench.hub.publish(batch).then((positions) => {
      assertEquals(positions.map(({ offset }) => offset), offsets);
      for (const { topic, epoch } of positions) {
        assertEquals(this.#log(topic).epoch ??= epoch, epoch);
      }
    });
    this.#under.push(checked.catch((error) => this.#faults.push(error)));
  }

  #subscribe(listener: Listener, topic: string): void {
    if (listener.asked.has(topic)) return;
    const { epoch, messages } = this.#log(topic);
    const offset = this.#random(2) === 0
      ? Math.max(0, messages.length - this.#random(4))
      : this.#random(messages.length + 2);
    const since = { epoch: this.#random(8) > 0 && epoch || "another", offset };
    listener.asked.set(topic, this.#random(3) > 0 ? since : undefined);
    this.#under.push(this.#bench.subscribe(listener, topic, listener.asked.get(topic)));
  }

  #unsubscribe({ connection, cursors }: Listener, topic: string): void {
    this.#note(() => {
      assertEquals(this.#bench.hub.unsubscribe(connection, topic), cursors.delete(topic));
    });
  }

  #receive(listener: Listener, message: Record<string, unknown>): void {
    const topic = String(message.topic);
    assertEquals(listener.connection.ended, false);
    if (message.type === "subscribed") return this.#start(listener, topic, message);
    const cursor = listener.cursors.get(topic);
    assert(cursor !== undefined, `not subscribed to ${topic}`);
    const { skipped = 0, ...sent } = message;
    const next = cursor + Number(skipped);
    assertEquals(JSON.stringify(sent), this.#log(topic).messages[next]);
    if (skipped !== 0) this.#checkSkipped(topic, cursor, next);
    listener.cursors.set(topic, next + 1);
    this.seen.received++;
  }

  /** Checks that nothing was left out that is the state of a key. */
  #checkSkipped(topic: string, from: number, to: number): void {
    const { messages, latest } = this.#log(topic);
    for (const message of messages.slice(from, to)) {
      assertNotEquals(latest.get(JSON.parse(message).key), message);
      this.seen.skipped++;
    }
  }

  #start({ cursors, asked }: Listener, topic: string, start: Record<string, unknown>): void {
    const { messages, latest, ...log } = this.#log(topic);
    const since = asked.get(topic);
    const missed = messages.length - (since?.offset ?? 0);
    const here = since !== undefined && since.epoch === start.epoch && missed >= 0;
    assertEquals([start.offset, start.epoch], [messages.length, log.epoch ?? start.epoch]);
    if (start.recovered === true) assert(here);
    else assert(!here || missed > this.#historySize);
    const expected = start.recovered ? messages.slice(since?.offset) : [...latest.values()];
    assertEquals((start.messages as unknown[]).map((item) => JSON.stringify(item)), expected);
    asked.delete(topic);
    cursors.set(topic, messages.length);
    this.seen[start.recovered ? "recovered" : "snapshots"]++;
  }

  #close({ cursors, socket }: Listener, code: number | undefined): void {
    if (code === 1001) return;
    assertEquals(code, 1008);
    const waiting = [...cursors].map(([topic, cursor]) =>
      this.#log(topic).messages.slice(cursor).join("").length
    );
    assertGreater(socket.bufferedAmount + Math.max(0, ...waiting), THRESHOLD);
    this.seen.tooSlow++;
  }
}

/** Returns a function that returns whole numbers below a bound, the same ones for a seed. */
function createRandom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), 61 | bits);
    return ((bits ^ (bits >>> 14)) >>> 0) % bound;
  };
}
