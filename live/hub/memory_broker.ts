/**
 * The broker of a single process: topics' logs in its memory.
 *
 * @module
 */

import type { Broker, BrokerEvents, Position, Publication, TopicLog } from "../domain/broker.ts";
import type { Metrics } from "../domain/metrics.ts";
import {
  type HistoryBudget,
  TopicHistory,
  type TopicHistoryOptions,
} from "../history/topic_history.ts";

/** Bounds of the history. */
export interface MemoryBrokerOptions {
  /** Messages that a topic keeps for recovery. */
  readonly historySize: number;
  /** How long it keeps them, and a topic that nobody uses, in milliseconds. */
  readonly historyTtlMs: number;
  /** What all topics may hold together, in bytes; the longest unused goes first. */
  readonly historyMaxBytes: number;
  /** Counts publications. */
  readonly metrics: Metrics;
}

/** A topic that nobody uses is forgotten after its time to live, give or take this part of it. */
const SWEEPS_PER_TTL = 4;

/**
 * Topics that are kept for whoever comes back, however little they hold: some 50 MiB. One client
 * can subscribe to all that it may see, one after the other.
 */
export const MAX_IDLE_TOPICS = 50_000;

/** How long one turn of the sweep may hold the event loop, in milliseconds. */
const SLICE_MS = 4;

/** The clock is read after so many topics. */
const CLOCK_EVERY = 256;

/** `setInterval` takes no more than 31 bits of milliseconds. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/**
 * Keeps every topic's log in memory. A restart loses them, and gives every topic a new epoch.
 *
 * A topic outlives its last subscriber by the time to live: a phone that was the only one
 * listening finds what it missed.
 */
export class MemoryBroker implements Broker {
  readonly trouble: undefined = undefined;
  readonly #options: MemoryBrokerOptions;
  readonly #budget: HistoryBudget = { used: 0 };
  /** Of all histories, as there may be many. */
  readonly #bounds: TopicHistoryOptions;
  /** In the order of their use, the longest unused first. */
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
    const positions = publications.map(({ topic, data, key }) => {
      const history = this.#use(topic);
      return { topic, offset: history.append(data, key), epoch: history.epoch };
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
    return Promise.resolve(); // nobody is ahead
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

  /** Returns a topic's history, now the latest used. */
  #use(topic: string): TopicHistory {
    const history = this.#histories.get(topic) ?? new TopicHistory(topic, this.#bounds);
    this.#histories.delete(topic);
    this.#histories.set(topic, history);
    return history;
  }

  /** Frees the longest unused topics until what is held is within the bounds. */
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

  /** Forgets what is past its time to live, in slices. */
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
