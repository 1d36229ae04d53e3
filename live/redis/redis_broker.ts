/**
 * The broker of several instances: topics' logs in Redis.
 *
 * @module
 */

import {
  type Broker,
  type BrokerEvents,
  BrokerUnavailable,
  type Position,
  type TopicLog,
} from "../domain/broker.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Publication } from "../domain/publication.ts";
import { type HistoryBudget, shrink } from "../history/history_budget.ts";
import { sweepIntervalMs } from "../history/sweep_interval.ts";
import { reasonOf } from "./client.ts";
import type { RedisLink, RedisSession } from "./link.ts";
import { append, type StoreBounds, unusedTtlMs } from "./store.ts";
import { TopicSync, type TopicSyncOptions } from "./topic_sync.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";

/** What the broker needs, and the bounds of the history: in Redis, and again in this process. */
export interface RedisBrokerOptions extends StoreBounds {
  /** Where Redis is. The broker neither starts nor stops it. */
  readonly link: RedisLink;
  /** Logs what Redis refuses. */
  readonly logger: Logger;
  /** Counts publications, and measures the history in this process. */
  readonly metrics: Metrics;
}

/** A topic that is open. */
interface OpenTopic {
  readonly sync: TopicSync;
  /** Resolves once the topic was read for the first time. */
  readonly ready: Promise<void>;
}

/** Topics that are read at a time: the answer for each may be its whole history. */
const READS_AT_ONCE = 64;

/** How often publishing is tried while Redis refuses it, in milliseconds. */
const PROBE_MS = 1_000;

/** When to ask again while Redis cannot be used, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/**
 * Keeps topics' logs in Redis, and a replica of each open topic in this process.
 *
 * While Redis is away, the replicas stay and serve clients that reconnect; publishing fails, and no
 * other topic can be opened. When Redis is back, each replica subscribes again and then reads what
 * it is missing.
 */
export class RedisBroker implements Broker {
  readonly #options: RedisBrokerOptions;
  readonly #link: RedisLink;
  readonly #warnings: WarningThrottle;
  readonly #syncOptions: TopicSyncOptions;
  readonly #budget: HistoryBudget = { used: 0 };
  /** The least recently changed topic first. */
  readonly #open = new Map<string, OpenTopic>();
  readonly #sweep: ReturnType<typeof setInterval>;
  #isSweeping = false;
  /** Why Redis refuses to publish, while it does. */
  #refused: string | undefined;
  #probe: ReturnType<typeof setTimeout> | undefined;
  #events: BrokerEvents = { changed() {} };

  /** Creates a broker without open topics. Its sweep keeps running until {@linkcode stop}. */
  constructor(options: RedisBrokerOptions) {
    const { link, historySize: size, historyTtlMs: ttlMs } = options;
    this.#options = options;
    this.#link = link;
    this.#warnings = new WarningThrottle(options.logger);
    const onChanged = (sync: TopicSync) => this.#changed(sync);
    const budget = this.#budget;
    this.#syncOptions = { link, bounds: options, size, ttlMs, budget, onChanged };
    link.onUp((session) => this.#forEach((sync) => sync.attach(session)));
    // Open topics are marked as used some times before they would count as unused.
    this.#sweep = setInterval(() => this.#lookAfter(), sweepIntervalMs(unusedTtlMs(options)));
  }

  get trouble(): string | undefined {
    return this.#link.trouble ?? this.#refused;
  }

  listen(events: BrokerEvents): void {
    this.#events = events;
  }

  async publish(publications: readonly Publication[]): Promise<Position[]> {
    const { commands } = this.#session();
    try {
      const cursors = await append(commands, publications, this.#options);
      this.#refused = undefined;
      this.#options.metrics.published(publications.length);
      return cursors.map((cursor, index) => ({
        topic: publications[index]?.topic ?? "",
        offset: cursor?.offset ?? 0,
        epoch: cursor?.epoch ?? "",
      }));
    } catch (error) {
      this.#probeLater(reasonOf(error));
      throw this.#unavailable("redis: cannot publish", error);
    }
  }

  async open(topic: string): Promise<TopicLog> {
    const open = this.#open.get(topic) ?? this.#begin(topic);
    try {
      await open.ready;
      return open.sync.replica;
    } catch (error) {
      if (this.#open.get(topic) === open) this.close(topic);
      throw this.#unavailable("redis: cannot open a topic", error);
    }
  }

  async refresh(topic: string): Promise<void> {
    const open = this.#open.get(topic);
    if (open === undefined) return;
    const session = this.#session();
    try {
      await open.sync.load(session);
    } catch (error) {
      throw this.#unavailable("redis: cannot read a topic", error);
    }
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
    clearTimeout(this.#probe);
    for (const topic of [...this.#open.keys()]) this.close(topic);
    return Promise.resolve();
  }

  #session(): RedisSession {
    const { session, trouble = "" } = this.#link;
    if (session === undefined) throw new BrokerUnavailable(trouble, RETRY_AFTER_MS);
    return session;
  }

  #unavailable(message: string, error: unknown): BrokerUnavailable {
    const reason = reasonOf(error);
    this.#warnings.warn(message, reason);
    return new BrokerUnavailable(`Redis: ${reason}`, RETRY_AFTER_MS);
  }

  /**
   * Notes that Redis refuses to publish, and tries to publish nothing until it no longer refuses: as long
   * as the server is not ready, nobody else would try.
   */
  #probeLater(reason: string): void {
    if (this.#link.session === undefined) return; // a lost connection is trouble of its own
    this.#refused = `Redis: ${reason}`;
    this.#probe ??= setTimeout(async () => {
      this.#probe = undefined;
      const { session } = this.#link;
      try {
        if (session !== undefined) await append(session.commands, [], this.#options);
        this.#refused = undefined;
      } catch (error) {
        this.#probeLater(reasonOf(error));
      }
    }, PROBE_MS);
  }

  #begin(topic: string): OpenTopic {
    const session = this.#session();
    const sync = new TopicSync(topic, this.#syncOptions);
    const open = { sync, ready: sync.attach(session) };
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
   * Drops what the replicas have held for too long, and reads every open topic. This tells Redis that
   * the topic is in use, and makes up for an announcement that got lost.
   */
  async #lookAfter(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    for (const { sync } of this.#open.values()) sync.replica.prune();
    this.#options.metrics.historyBytes(this.#budget.used);
    await this.#link.attempt((session) => this.#forEach((sync) => sync.load(session)));
    this.#isSweeping = false;
  }

  /** Reads all open topics, some at a time. */
  async #forEach(read: (sync: TopicSync) => Promise<void>): Promise<void> {
    const all = [...this.#open.values()];
    for (let start = 0; start < all.length; start += READS_AT_ONCE) {
      await Promise.all(all.slice(start, start + READS_AT_ONCE).map(({ sync }) => read(sync)));
    }
  }
}
