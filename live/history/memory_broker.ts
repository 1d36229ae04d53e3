/**
 * The broker of a single process: topics' logs in its memory.
 *
 * @module
 */

import type { Broker, BrokerEvents, Position, TopicLog } from "../domain/broker.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Publication } from "../domain/publication.ts";
import { type HistoryBudget, TopicHistory, type TopicHistoryOptions } from "./topic_history.ts";

/** Bounds of the history. */
export interface MemoryBrokerOptions {
  /** Publications that a topic's log keeps for recovery. */
  readonly historySize: number;
  /** How long the log keeps them, and how long an unused topic is kept, in milliseconds. */
  readonly historyTtlMs: number;
  /** What all topics may hold together, in bytes; the least recently used topic is dropped first. */
  readonly historyMaxBytes: number;
  /** Counts publications. */
  readonly metrics: Metrics;
}

/** Expired topics are swept four times per time to live: so late at most is one dropped. */
const SWEEPS_PER_TTL = 4;

/**
 * Unused topics that are kept for clients that come back, however little they hold: about 50 MiB.
 * Without this bound, one client could fill the memory by subscribing to one topic after the other.
 */
export const MAX_IDLE_TOPICS = 50_000;

/** How long one turn of the sweep may hold the event loop, in milliseconds. */
const SLICE_MS = 4;

/** Topics swept between two looks at the clock. */
const CLOCK_EVERY = 256;

/** `setInterval` takes no more than 31 bits of milliseconds. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/**
 * Keeps every topic's log in memory. A restart loses them, and gives every topic a new epoch.
 *
 * A topic's state lasts while the topic is in use: while it has subscribers or gets publications.
 * An unused topic is kept for the time to live, so that a phone that was the only subscriber still
 * recovers what it missed.
 */
export class MemoryBroker implements Broker {
  readonly trouble: undefined = undefined;
  readonly #options: MemoryBrokerOptions;
  readonly #budget: HistoryBudget = { used: 0 };
  /** Shared by all histories, of which there may be many. */
  readonly #bounds: TopicHistoryOptions;
  /** The least recently used topic first. */
  readonly #histories = new Map<string, TopicHistory>();
  readonly #open = new Set<string>();
  readonly #sweep: ReturnType<typeof setInterval>;
  #slice: ReturnType<typeof setTimeout> | undefined;
  #events: BrokerEvents = { changed() {} };

  /** Creates a broker without topics. Its sweep keeps running until {@linkcode stop}. */
  constructor(options: MemoryBrokerOptions) {
    this.#options = options;
    const { historySize: size, historyTtlMs: ttlMs } = options;
    this.#bounds = { size, ttlMs, budget: this.#budget };
    const everyMs = Math.min(Math.ceil(options.historyTtlMs / SWEEPS_PER_TTL), MAX_INTERVAL_MS);
    this.#sweep = setInterval(() => this.#forget([...this.#histories]), everyMs);
  }

  listen(events: BrokerEvents): void {
    this.#events = events;
  }

  publish(publications: readonly Publication[]): Promise<Position[]> {
    const positions = publications.map((publication) => {
      const { topic } = publication;
      const history = this.#use(topic);
      return { topic, offset: history.append(publication), epoch: history.epoch };
    });
    this.#shrink();
    this.#options.metrics.published(publications.length);
    for (const topic of new Set(publications.map(({ topic }) => topic))) {
      if (this.#open.has(topic)) this.#events.changed(topic);
    }
    return Promise.resolve(positions);
  }

  open(topic: string): Promise<TopicLog> {
    const history = this.#use(topic);
    if (!this.#open.has(topic)) {
      this.#open.add(topic);
      history.release(history.head);
    }
    return Promise.resolve(history);
  }

  refresh(): Promise<void> {
    return Promise.resolve(); // there is no other instance that could be ahead
  }

  close(topic: string): void {
    if (!this.#open.delete(topic)) return;
    const history = this.#use(topic);
    history.release(Infinity);
    history.usedAt = Date.now();
    this.#shrink();
  }

  stop(): Promise<void> {
    clearInterval(this.#sweep);
    clearTimeout(this.#slice);
    return Promise.resolve();
  }

  /** Returns a topic's history, which becomes the most recently used. */
  #use(topic: string): TopicHistory {
    const history = this.#histories.get(topic) ?? new TopicHistory(topic, this.#bounds);
    this.#histories.delete(topic);
    this.#histories.set(topic, history);
    return history;
  }

  /** Drops the least recently used topics until the rest is within the bounds. */
  #shrink(): void {
    for (const [topic, history] of this.#histories) {
      const isOpen = this.#open.has(topic);
      const isTooMuch = this.#budget.used > this.#options.historyMaxBytes;
      if (!isTooMuch && this.#histories.size - this.#open.size <= MAX_IDLE_TOPICS) break;
      if (isTooMuch || !isOpen) history.clear();
      if (!isOpen) this.#histories.delete(topic);
    }
    this.#options.metrics.historyBytes(this.#budget.used);
  }

  /** Drops what is past its time to live, in slices. */
  #forget(histories: [topic: string, history: TopicHistory][], from = 0): void {
    const longAgo = Date.now() - this.#options.historyTtlMs;
    const until = performance.now() + SLICE_MS;
    let index = from;
    for (; index < histories.length; index++) {
      if (index % CLOCK_EVERY === 0 && performance.now() > until) break;
      const [topic, history] = histories[index] as [string, TopicHistory];
      history.prune();
      if (this.#histories.get(topic) !== history || this.#open.has(topic)) continue;
      if (history.usedAt <= longAgo) this.#histories.delete(topic);
    }
    this.#options.metrics.historyBytes(this.#budget.used);
    if (index < histories.length) {
      this.#slice = setTimeout(() => this.#forget(histories, index), 0);
    }
  }
}
