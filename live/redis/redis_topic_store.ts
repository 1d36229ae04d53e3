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
import type { RedisLink, RedisSession } from "./link.ts";
import { readAnnouncement } from "./replies.ts";
import { append, channelOf, read, type StoreBounds } from "./store.ts";

/** What the store needs, and the bounds of the logs in Redis. */
export interface RedisTopicStoreOptions extends StoreBounds {
  /** Where Redis is. The store neither starts nor stops it. */
  readonly link: RedisLink;
  /** Logs what Redis refuses. */
  readonly logger: Logger;
  /** Counts publications. */
  readonly metrics: Metrics;
}

/** How often publishing is tried while Redis refuses it, in milliseconds. */
const PROBE_MS = 1_000;

/** When to ask again while Redis cannot be used, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** Appends to logs in Redis, reads them, and passes on what Redis announces. */
export class RedisTopicStore implements TopicStore {
  readonly #options: RedisTopicStoreOptions;
  readonly #link: RedisLink;
  readonly #warnings: WarningThrottle;
  /** What each listener is subscribed with. */
  readonly #channelListeners = new WeakMap<TopicListener, (message: string) => void>();
  /** Why Redis refuses to publish, while it does. */
  #refused: string | undefined;
  #probe: ReturnType<typeof setTimeout> | undefined;

  /** Creates a store that runs no timer before Redis refuses to publish. */
  constructor(options: RedisTopicStoreOptions) {
    this.#options = options;
    this.#link = options.link;
    this.#warnings = new WarningThrottle(options.logger);
  }

  get trouble(): string | undefined {
    return this.#link.trouble ?? this.#refused;
  }

  onUp(listener: StoreUp): void {
    this.#link.onUp(() => listener(() => true));
  }

  async append(publications: readonly Publication[]): Promise<Cursor[]> {
    const { commands } = this.#session();
    try {
      const cursors = await append(commands, publications, this.#options);
      this.#refused = undefined;
      this.#options.metrics.published(publications.length);
      return cursors.map((cursor) => cursor ?? { epoch: "", offset: 0 });
    } catch (error) {
      this.#probeLater(reasonOf(error));
      throw this.#unavailable("redis: cannot publish", error);
    }
  }

  async read(topic: string, known: ReplicaPosition): Promise<LogState> {
    const { commands } = this.#session();
    try {
      return await read(commands, topic, known, this.#options);
    } catch (error) {
      throw this.#unavailable("redis: cannot read a topic", error);
    }
  }

  async subscribe(topic: string, listener: TopicListener): Promise<void> {
    const { channels } = this.#session();
    try {
      await channels.subscribe(channelOf(channels, topic), this.#channelListener(listener));
    } catch (error) {
      throw this.#unavailable("redis: cannot subscribe to a topic", error);
    }
  }

  unsubscribe(topic: string, listener: TopicListener): void {
    const channels = this.#link.session?.channels;
    if (channels === undefined) return;
    const channel = channelOf(channels, topic);
    channels.unsubscribe(channel, this.#channelListener(listener)).catch(() => {}); // connection lost
  }

  attempt(_topic: string, action: () => Promise<void>): Promise<void> {
    return this.#link.attempt(action);
  }

  stop(): void {
    clearTimeout(this.#probe);
  }

  #channelListener(listener: TopicListener): (message: string) => void {
    const known = this.#channelListeners.get(listener);
    if (known !== undefined) return known;
    const added = (message: string) => listener(readAnnouncement(message));
    this.#channelListeners.set(listener, added);
    return added;
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
}
