/**
 * Topics' logs in Redis, for replicas to follow.
 *
 * @module
 */

import { BrokerUnavailable, type Cursor } from "../domain/broker.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Publication } from "../domain/publication.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";
import type { ReplicaPosition } from "../history/replica.ts";
import type { LogState } from "../history/stored_log.ts";
import type { StoreUp, TopicListener, TopicStore } from "../history/topic_store.ts";
import { reasonOf } from "./client.ts";
import type { Link } from "./link.ts";
import { RedisBudget } from "./redis_budget.ts";
import { partitionOf, PARTITIONS } from "./partition.ts";
import { RETRY_AFTER_MS } from "./redis_link.ts";
import { readAnnouncement } from "./replies.ts";
import { append, type Appended, channelOf, probe, read, type StoreBounds } from "./store.ts";

/** What the store needs, and the bounds of the logs in Redis. */
export interface RedisTopicStoreOptions extends StoreBounds {
  /** Where Redis is. The store neither starts nor stops it. */
  readonly link: Link;
  /** Logs what Redis refuses. */
  readonly logger: Logger;
  /** Counts publications. */
  readonly metrics: Metrics;
}

/** How often publishing is tried while Redis refuses it, in milliseconds. */
const PROBE_MS = 1_000;

/** Appends to logs in Redis, reads them, and passes on what Redis announces. */
export class RedisTopicStore implements TopicStore {
  readonly #options: RedisTopicStoreOptions;
  readonly #link: Link;
  readonly #warnings: WarningThrottle;
  /** The function with which each listener is subscribed to its channel. */
  readonly #channelListeners = new WeakMap<TopicListener, (message: string) => void>();
  /** Why Redis refuses publications, by a key of the server that refuses them; empty while none does. */
  readonly #refused = new Map<string, string>();
  readonly #budget: RedisBudget;
  #probe: ReturnType<typeof setTimeout> | undefined;

  /** Creates a store. It starts its first timer when Redis refuses a publication. */
  constructor(options: RedisTopicStoreOptions) {
    this.#options = options;
    this.#link = options.link;
    this.#warnings = new WarningThrottle(options.logger);
    this.#budget = new RedisBudget(options.link, options.historyMaxBytes);
  }

  get trouble(): string | undefined {
    return this.#link.trouble ??
      (this.#link.isSplit ? undefined : this.#refused.values().next().value);
  }

  get partialTrouble(): string | undefined {
    const { isSplit, partialTrouble } = this.#link;
    const [reason] = this.#refused.values();
    if (!isSplit || partialTrouble !== undefined || reason === undefined) return partialTrouble;
    return `${this.#refused.size} of ${PARTITIONS} partitions of topics cannot be used: ${reason}`;
  }

  onUp(listener: StoreUp): void {
    this.#link.onUp((_, holds) => listener((topic) => holds(partitionOf(topic))));
  }

  async append(publications: readonly Publication[]): Promise<Cursor[]> {
    this.#expectUsable(publications);
    const cursors: Cursor[] = new Array(publications.length);
    let failed: BrokerUnavailable | undefined;
    for (const appended of await append(this.#link, publications, this.#options)) {
      failed = this.#note(appended, cursors) ?? failed;
    }
    await this.#budget.keep(publications);
    if (failed !== undefined) throw failed;
    return cursors;
  }

  async read(topic: string, known: ReplicaPosition): Promise<LogState> {
    try {
      return await read(this.#link, topic, known, this.#options);
    } catch (error) {
      throw this.#unavailable("redis: cannot read a topic", error);
    }
  }

  async subscribe(topic: string, listener: TopicListener): Promise<void> {
    try {
      await this.#link.run(partitionOf(topic), async ({ channels }) => {
        await channels.subscribe(channelOf(channels, topic), this.#channelListener(listener));
      });
    } catch (error) {
      throw this.#unavailable("redis: cannot subscribe to a topic", error);
    }
  }

  unsubscribe(topic: string, listener: TopicListener): void {
    const channels = this.#link.sessionOf(partitionOf(topic))?.channels;
    if (channels === undefined) return;
    const channel = channelOf(channels, topic);
    channels.unsubscribe(channel, this.#channelListener(listener)).catch(() => {}); // connection lost
  }

  attempt(topic: string, action: () => Promise<void>): Promise<void> {
    return this.#link.attempt(partitionOf(topic), action);
  }

  stop(): void {
    clearTimeout(this.#probe);
  }

  /** Throws before anything is appended if it is known that a part of the publications cannot be. */
  #expectUsable(publications: readonly Publication[]): void {
    const keys = this.#link.isSplit ? publications.map(({ topic }) => partitionOf(topic)) : [""];
    for (const key of new Set(keys)) {
      const trouble = this.#link.troubleOf(key);
      if (trouble !== undefined) throw new BrokerUnavailable(trouble, RETRY_AFTER_MS);
    }
  }

  /** Fills in the positions of publications that were appended together, or returns why they were not. */
  #note({ key, indexes, result }: Appended, positions: Cursor[]): BrokerUnavailable | undefined {
    if (result.status === "rejected") {
      this.#probeLater(key, reasonOf(result.reason));
      return this.#unavailable("redis: cannot publish", result.reason);
    }
    const { cursors, sizes } = result.value;
    this.#budget.note(sizes);
    this.#refused.delete(key);
    this.#options.metrics.published(indexes.length);
    for (const [i, index] of indexes.entries()) {
      positions[index] = cursors[i] ?? { epoch: "", offset: 0 };
    }
    return undefined;
  }

  #channelListener(listener: TopicListener): (message: string) => void {
    const known = this.#channelListeners.get(listener);
    if (known !== undefined) return known;
    const added = (message: string) => listener(readAnnouncement(message));
    this.#channelListeners.set(listener, added);
    return added;
  }

  #unavailable(message: string, error: unknown): BrokerUnavailable {
    if (error instanceof BrokerUnavailable) return error; // the link has logged it
    const reason = reasonOf(error);
    this.#warnings.warn(message, reason);
    return new BrokerUnavailable(`Redis: ${reason}`, RETRY_AFTER_MS);
  }

  /**
   * Notes that Redis refuses publications, and probes it with an empty append until it accepts them:
   * publish calls are refused meanwhile, so they would not find out.
   */
  #probeLater(key: string, reason: string): void {
    if (this.#link.troubleOf(key) !== undefined) return; // the link reports a lost connection itself
    this.#refused.set(key, `Redis: ${reason}`);
    this.#probe ??= setTimeout(async () => {
      this.#probe = undefined;
      await Promise.all([...this.#refused.keys()].map((key) => this.#try(key)));
    }, PROBE_MS);
  }

  async #try(key: string): Promise<void> {
    try {
      await probe(this.#link, key, this.#options);
      this.#refused.delete(key);
    } catch (error) {
      this.#refused.delete(key);
      this.#probeLater(key, reasonOf(error));
    }
  }
}
