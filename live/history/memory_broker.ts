/**
 * The broker of a single process: topics' logs in its memory.
 *
 * @module
 */

import type { Broker, BrokerEvents, Position, TopicLog } from "../domain/broker.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Publication } from "../domain/publication.ts";
import { type HistoryBudget, shrink } from "./history_budget.ts";
import { PublishedIds } from "./published_ids.ts";
import { sweepIntervalMs } from "./sweep_interval.ts";
import { TopicHistory, type TopicHistoryOptions } from "./topic_history.ts";

/** Bounds of the history. */
export interface MemoryBrokerOptions {
  /** Publications that a topic's log keeps for recovery. */
  readonly historySize: number;
  /** How long the log keeps them, and how long an unused topic is kept, in milliseconds. */
  readonly historyTtlMs: number;
  /** How much all topics may hold together, in bytes; the least recently used topic is dropped first. */
  readonly historyMaxBytes: number;
  /** Counts publications. */
  readonly metrics: Metrics;
}

/**
 * How many unused topics are kept for clients that come back. They take about 50 MiB even if they hold
 * little. Without this bound, one client could fill the memory by subscribing to one topic after the other.
 */
export const MAX_IDLE_TOPICS = 50_000;

/**
 * What is left after dropping idle topics, as a fraction of their bounds. A deleted entry of a map leaves
 * a gap until V8 rebuilds the map, and each new iterator walks over the gaps at the front. Without this
 * slack, every topic past the bounds would walk over up to 80,000 of them.
 */
const SHRINK_IDLE_TO = 0.99;

/** How long one turn of the sweep may hold the event loop, in milliseconds. */
const SLICE_MS = 4;

/** Topics swept between two looks at the clock. */
const CLOCK_EVERY = 256;

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
  /** One object for all histories, because there may be many. */
  readonly #bounds: TopicHistoryOptions;
  /** Open topics, the least recently used first. */
  readonly #open = new Map<string, TopicHistory>();
  /** Topics that are not open, the least recently used first. */
  readonly #idle = new Map<string, TopicHistory>();
  readonly #ids: PublishedIds;
  readonly #sweeps: ReturnType<typeof setInterval>;
  #slice: ReturnType<typeof setTimeout> | undefined;
  #events: BrokerEvents = { changed() {} };

  /** Creates a broker without topics. Its sweeps keep running until {@linkcode stop}. */
  constructor(options: MemoryBrokerOptions) {
    this.#options = options;
    const { historySize: size, historyTtlMs: ttlMs } = options;
    this.#ids = new PublishedIds(ttlMs);
    this.#bounds = { size, ttlMs, budget: this.#budget };
    this.#sweeps = setInterval(() => {
      if (this.#slice === undefined) this.#sweep(this.#all());
    }, sweepIntervalMs(ttlMs));
  }

  listen(events: BrokerEvents): void {
    this.#events = events;
  }

  publish(publications: readonly Publication[]): Promise<Position[]> {
    const grown = new Set<string>();
    let count = 0;
    const positions = publications.map((publication) => {
      const known = this.#ids.find(publication);
      if (known !== undefined) return known;
      const { topic } = publication;
      const history = this.#use(topic, this.#open.has(topic) ? this.#open : this.#idle);
      const position = { topic, offset: history.append(publication), epoch: history.epoch };
      this.#ids.add(publication, position);
      grown.add(topic);
      count++;
      return position;
    });
    this.#shrink();
    this.#options.metrics.published(count);
    for (const topic of grown) {
      if (this.#open.has(topic)) this.#events.changed(topic);
    }
    return Promise.resolve(positions);
  }

  open(topic: string): Promise<TopicLog> {
    const isOpen = this.#open.has(topic);
    const history = this.#use(topic, this.#open);
    if (!isOpen) history.release(history.head);
    return Promise.resolve(history);
  }

  refresh(): Promise<void> {
    return Promise.resolve(); // no other instance could be ahead
  }

  close(topic: string): void {
    if (!this.#open.has(topic)) return;
    const history = this.#use(topic, this.#idle);
    history.release(Infinity);
    history.usedAt = Date.now();
    this.#shrink();
  }

  stop(): Promise<void> {
    clearInterval(this.#sweeps);
    clearTimeout(this.#slice);
    return Promise.resolve();
  }

  /** Returns a topic's history, which becomes the most recently used of the open or idle topics. */
  #use(topic: string, topics: Map<string, TopicHistory>): TopicHistory {
    const history = this.#open.get(topic) ?? this.#idle.get(topic) ??
      new TopicHistory(topic, this.#bounds);
    this.#open.delete(topic);
    this.#idle.delete(topic);
    topics.set(topic, history);
    return history;
  }

  /** Drops idle topics, and then parts of open ones, until the rest is within the bounds. */
  #shrink(): void {
    const { historyMaxBytes, metrics } = this.#options;
    const isOver = (part: number) =>
      this.#budget.used > part * historyMaxBytes || this.#idle.size > part * MAX_IDLE_TOPICS;
    if (isOver(1)) {
      for (const history of this.#idle.values()) {
        if (!isOver(SHRINK_IDLE_TO)) break;
        this.#drop(history);
      }
    }
    shrink(this.#open.values(), this.#budget, historyMaxBytes);
    metrics.historyBytes(this.#budget.used);
  }

  *#all(): Generator<TopicHistory> {
    yield* this.#open.values();
    yield* this.#idle.values();
  }

  /** Drops everything that is past its time to live, in slices. */
  #sweep(histories: Iterator<TopicHistory>): void {
    const until = performance.now() + SLICE_MS;
    let isDone = false;
    do {
      for (let count = 0; count < CLOCK_EVERY && !isDone; count++) {
        const { value, done } = histories.next();
        if (done) isDone = true;
        else this.#expire(value);
      }
    } while (!isDone && performance.now() < until);
    this.#options.metrics.historyBytes(this.#budget.used);
    this.#slice = isDone ? undefined : setTimeout(() => this.#sweep(histories), 0);
  }

  #expire(history: TopicHistory): void {
    const isExpired = history.usedAt <= Date.now() - this.#options.historyTtlMs;
    if (isExpired && this.#idle.has(history.topic)) this.#drop(history);
    else history.prune();
  }

  /** Drops an idle topic. */
  #drop(history: TopicHistory): void {
    history.clear();
    this.#idle.delete(history.topic);
  }
}
