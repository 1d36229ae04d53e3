/**
 * A broker whose logs are in a store, with a replica of each open topic in memory.
 *
 * @module
 */

import type { Broker, BrokerEvents, Position, TopicLog } from "../domain/broker.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Publication } from "../domain/publication.ts";
import { type HistoryBudget, shrink } from "./history_budget.ts";
import type { TopicStore } from "./topic_store.ts";
import { TopicSync, type TopicSyncOptions } from "./topic_sync.ts";

/** What the broker needs, and the bounds of the replicas. */
export interface ReplicatedBrokerOptions {
  /** Holds the logs. The broker stops it. */
  readonly store: TopicStore;
  /** Publications that a replica keeps for recovery. */
  readonly historySize: number;
  /** How long a replica keeps them, in milliseconds. */
  readonly historyTtlMs: number;
  /** How much all replicas may hold together, in bytes; the least recently changed replica is cut first. */
  readonly historyMaxBytes: number;
  /** How often every open topic is read again, in milliseconds. */
  readonly sweepIntervalMs: number;
  /** Measures the replicas. */
  readonly metrics: Metrics;
}

/** A topic that is open. */
interface OpenTopic {
  readonly sync: TopicSync;
  /** Resolves once the topic was read for the first time. */
  readonly ready: Promise<void>;
}

/** How many topics are read at a time. The limit exists because each answer may be a whole history. */
const READS_AT_ONCE = 64;

/**
 * Keeps a replica of each open topic in this thread, whatever store holds the logs.
 *
 * While the store cannot be reached, the replicas stay and serve clients that reconnect. Publishing fails,
 * and no other topic can be opened. When the store is back, each replica subscribes again and then reads
 * what it is missing.
 */
export class ReplicatedBroker implements Broker {
  readonly #options: ReplicatedBrokerOptions;
  readonly #syncOptions: TopicSyncOptions;
  readonly #budget: HistoryBudget = { used: 0 };
  /** The least recently changed topic first. */
  readonly #open = new Map<string, OpenTopic>();
  readonly #sweep: ReturnType<typeof setInterval>;
  #isSweeping = false;
  #events: BrokerEvents = { changed() {} };

  /** Creates a broker without open topics. Its sweep keeps running until {@linkcode stop}. */
  constructor(options: ReplicatedBrokerOptions) {
    const { store, historySize: size, historyTtlMs: ttlMs } = options;
    this.#options = options;
    const onChanged = (sync: TopicSync) => this.#changed(sync);
    this.#syncOptions = { store, size, ttlMs, budget: this.#budget, onChanged };
    store.onUp((isConcerned) =>
      this.#forEach(async (sync) => {
        if (isConcerned(sync.topic)) await sync.attach();
      })
    );
    this.#sweep = setInterval(() => this.#lookAfter(), options.sweepIntervalMs);
  }

  get trouble(): string | undefined {
    return this.#options.store.trouble;
  }

  get partialTrouble(): string | undefined {
    return this.#options.store.partialTrouble;
  }

  listen(events: BrokerEvents): void {
    this.#events = events;
  }

  async publish(publications: readonly Publication[]): Promise<Position[]> {
    const cursors = await this.#options.store.append(publications);
    return cursors.map(({ offset, epoch }, index) => ({
      topic: publications[index]?.topic ?? "",
      offset,
      epoch,
    }));
  }

  async open(topic: string): Promise<TopicLog> {
    const open = this.#open.get(topic) ?? this.#begin(topic);
    try {
      await open.ready;
      return open.sync.replica;
    } catch (error) {
      if (this.#open.get(topic) === open) this.close(topic);
      throw error;
    }
  }

  async refresh(topic: string): Promise<void> {
    await this.#open.get(topic)?.sync.load({ fresh: true });
  }

  close(topic: string): void {
    const open = this.#open.get(topic);
    if (open === undefined) return;
    this.#open.delete(topic);
    open.sync.close();
    this.#options.metrics.historyBytes(this.#budget.used);
  }

  stop(): Promise<void> {
    clearInterval(this.#sweep);
    for (const topic of [...this.#open.keys()]) this.close(topic);
    this.#options.store.stop();
    return Promise.resolve();
  }

  #begin(topic: string): OpenTopic {
    const sync = new TopicSync(topic, this.#syncOptions);
    const open = { sync, ready: sync.attach() };
    this.#open.set(topic, open);
    return open;
  }

  /** Reports that a log has changed, and keeps the replicas within the bounds. */
  #changed({ topic }: TopicSync): void {
    const open = this.#open.get(topic) as OpenTopic;
    this.#open.delete(topic);
    this.#open.set(topic, open);
    const replicas = this.#open.values().map(({ sync }) => sync.replica);
    shrink(replicas, this.#budget, this.#options.historyMaxBytes);
    this.#options.metrics.historyBytes(this.#budget.used);
    this.#events.changed(topic);
  }

  /**
   * Drops what the replicas have held for too long, and reads every open topic. The reads tell the store
   * that the topics are in use, and find publications whose announcements got lost.
   */
  async #lookAfter(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    for (const { sync } of this.#open.values()) sync.replica.prune();
    this.#options.metrics.historyBytes(this.#budget.used);
    const { store } = this.#options;
    await this.#forEach((sync) => store.attempt(sync.topic, () => sync.load()));
    this.#isSweeping = false;
  }

  /** Reads all open topics, a limited number at a time. */
  async #forEach(read: (sync: TopicSync) => Promise<void>): Promise<void> {
    const all = [...this.#open.values()];
    for (let start = 0; start < all.length; start += READS_AT_ONCE) {
      await Promise.all(all.slice(start, start + READS_AT_ONCE).map(({ sync }) => read(sync)));
    }
  }
}
