/**
 * A model of a client on the real server: it does at random what can happen, and knows the state of
 * every topic.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Message, Subscription } from "../../live/client/mod.ts";
import { Publication } from "../../live/domain/publication.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import { Hub } from "../../live/hub/hub.ts";
import { createSessions, type SessionFactory } from "../../live/session/session.ts";
import { turn } from "../support/queue.ts";
import { Random } from "../support/random.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { Link, THRESHOLD_BYTES } from "./link_setup.ts";
import { type FakeSocket, Setup } from "./setup.ts";

const TOPICS = ["event:1", "event:2"];
const KEYS = Array.from({ length: 60 }, (_, index) => `car-${index}`);

/** Makes a full state four times as large as a frame. */
const PADDING = "x".repeat(4_096);

/** A subscriber that keeps the newest message of each key, as a program would. */
class Reader {
  readonly topic: string;
  readonly subscription: Subscription;
  /** The offset of the newest message of each key. */
  readonly state = new Map<string, number>();
  readonly #model: Model;
  #last = 0;
  /** Offset of its last start that was not recovered. */
  #startedAt = 0;
  /** Lets a reader that iterates take its next message; `undefined` if all may be taken. */
  #gate: PromiseWithResolvers<void> | undefined;

  constructor(model: Model, topic: string, iterates: boolean) {
    this.#model = model;
    this.topic = topic;
    const take = (message: Message) => this.#take(message);
    this.subscription = model.setup.live.subscribe(topic, {
      ...(iterates ? { maxBuffered: 5 } : { onMessage: take }),
      onStart: ({ recovered, offset }) => {
        if (recovered) return;
        this.state.clear();
        this.#last = 0;
        this.#startedAt = offset;
      },
    });
    if (!iterates) return;
    this.#gate = Promise.withResolvers();
    this.#iterate().catch(model.fail);
  }

  /** Lets a reader that iterates take one message, or from now on all. */
  read(all = false): void {
    this.#gate?.resolve();
    this.#gate = all || this.#gate === undefined ? undefined : Promise.withResolvers();
  }

  async #iterate(): Promise<void> {
    for await (const message of this.subscription) {
      this.#take(message);
      await this.#gate?.promise;
    }
  }

  #take({ offset, key, removed, skipped = 0 }: Message): void {
    const { seen, complete } = this.#model;
    if (offset <= this.#last) this.#model.fail(`${offset} after ${this.#last}`);
    const isGap = offset !== this.#last + 1 + skipped;
    // Only a snapshot, and what follows of one that was too large for a frame, has silent gaps.
    const isSnapshot = this.#last < Math.max(this.#startedAt, complete.get(this.topic) ?? 0);
    if (isGap && !isSnapshot) this.#model.fail(`gap from ${this.#last} to ${offset}`);
    this.#last = offset;
    seen.messages++;
    if (removed) seen.removals++;
    if (skipped > 0) seen.skipped++;
    if (removed) this.state.delete(key);
    else if (key !== undefined) this.state.set(key, offset);
  }
}

/** A client with subscribers under random use. */
export class Model implements AsyncDisposable {
  readonly #time = new FakeTime(0);
  readonly setup = new Setup();
  /** Counts of events, to check that a run was not idle. */
  readonly seen = { messages: 0, removals: 0, skipped: 0, recovered: 0, parts: 0, late: 0 };
  /** The head of each topic's log when the client got its last snapshot, or the first part of it. */
  readonly complete = new Map<string, number>();
  readonly #random: Random;
  readonly #metrics = new RecordingMetrics();
  readonly #hub: Hub;
  readonly #sessions: SessionFactory;
  /** The offset of the newest message of each key, by topic. */
  readonly #states = new Map(TOPICS.map((topic) => [topic, new Map<string, number>()]));
  readonly #heads = new Map<string, number>();
  readonly #readers = new Set<Reader>();
  readonly #faults: unknown[] = [];
  #link: Link | undefined;

  /** Creates a client that is connecting. */
  constructor(seed: number, historySize: number) {
    const metrics = this.#metrics;
    this.#random = new Random(seed);
    const bounds = { historySize, historyTtlMs: 2 ** 31, historyMaxBytes: 2 ** 31 };
    const broker = new MemoryBroker({ ...bounds, metrics });
    const now = () => this.#time.now;
    this.#hub = new Hub({ broker, metrics, thresholdBytes: THRESHOLD_BYTES, now });
    this.#sessions = createSessions({ hub: this.#hub, maxTopics: TOPICS.length });
  }

  /** Notes what must not happen. */
  readonly fail = (fault: unknown): void => {
    this.#faults.push(fault);
  };

  /** Makes one random step. */
  async step(): Promise<void> {
    const kind = this.#random.below(100);
    const reader = this.#random.of([...this.#readers]);
    if (kind < 25) await this.#publish(this.#random.below(20));
    else if (kind < 35) this.#join();
    else if (kind < 42) this.#leave(reader);
    else if (kind < 46) this.#link?.cut();
    else if (kind < 55) reader?.read();
    else if (kind < 60) this.#time.tick(1_000);
    else if (kind < 70) this.#time.tick(RETRY_MS);
    else this.#carry(this.#random.below(3));
    await turn();
    assertEquals(this.#faults, []);
  }

  /** Lets everything arrive, and compares the readers' states with those of the topics. */
  async finish(): Promise<void> {
    for (const reader of this.#readers) reader.read(true);
    for (let round = 0; round < 50; round++) {
      this.#time.tick(RETRY_MS);
      this.#carry(Infinity);
      await turn();
    }
    assertEquals([this.#faults, this.setup.errors], [[], []]);
    for (const { topic, state } of this.#readers) {
      assertEquals(sorted(state), sorted(this.#states.get(topic)), topic);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.#readers) this.#leave(reader);
    this.setup.live.close();
    this.#link?.cut();
    await this.#hub.stop();
    await turn();
    this.#time.restore();
  }

  async #publish(count: number): Promise<void> {
    const topic = this.#random.of(TOPICS);
    const state = this.#states.get(topic);
    for (; count > 0; count--) {
      const key = this.#random.of([undefined, ...KEYS]);
      const removed = key !== undefined && this.#random.below(3) === 0;
      const data = removed ? undefined : PADDING;
      const [position] = await this.#hub.publish([Publication.from({ topic, key, data, removed })]);
      assert(position !== undefined);
      this.#heads.set(topic, position.offset);
      if (removed) state?.delete(key);
      else if (key !== undefined) state?.set(key, position.offset);
    }
  }

  #join(): void {
    const topic = this.#random.of(TOPICS);
    if ([...this.#readers].some((reader) => reader.topic === topic)) this.seen.late++;
    this.#readers.add(new Reader(this, topic, this.#random.below(2) === 0));
  }

  #leave(reader: Reader | undefined): void {
    if (reader === undefined) return;
    reader.read(true);
    reader.subscription.unsubscribe();
    this.#readers.delete(reader);
  }

  /** Carries messages both ways; connects first if the client is not connected. */
  #carry(count: number): void {
    if (this.#link === undefined || this.#link.ended) {
      this.setup.live.retry();
      const { socket } = this.setup;
      this.#link = new Link(socket, this.#sessions, this.#metrics);
      this.#watch(socket);
      return;
    }
    this.#link.up(count);
    this.#link.down(count);
  }

  /** Notes the starts that a socket carries. */
  #watch(socket: FakeSocket): void {
    const { onmessage } = socket;
    socket.onmessage = ({ data }) => {
      for (const { type, topic, recovered, messages, offset } of [JSON.parse(data)].flat()) {
        if (type !== "subscribed") continue;
        const head = this.#heads.get(topic) ?? 0;
        if (recovered) this.seen.recovered++;
        else this.complete.set(topic, head);
        if (!recovered && offset < head && messages.length > 0) this.seen.parts++;
      }
      onmessage?.({ data });
    };
  }
}

function sorted(state: ReadonlyMap<string, number> | undefined): [string, number][] {
  return [...state ?? []].sort(([a], [b]) => a < b ? -1 : 1);
}
