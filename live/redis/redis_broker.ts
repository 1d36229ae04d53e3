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
import type { HistoryBudget } from "../history/topic_history.ts";
import { reasonOf } from "./client.ts";
import { RedisLink, type RedisSession } from "./link.ts";
import type { Publication } from "../domain/publication.ts";
import { Replica } from "../history/replica.ts";
import type { Announcement } from "../history/stored_log.ts";
import { readAnnouncement } from "./replies.ts";
import { append, channelOf, read, type StoreBounds } from "./store.ts";

/** Where Redis is, and what the history may hold, there and again here. */
export interface RedisBrokerOptions extends StoreBounds {
  /** Where Redis is. */
  readonly url: string;
  /** Told when Redis is lost and reached. */
  readonly logger: Logger;
  /** Counts publications. */
  readonly metrics: Metrics;
}

/** A topic that is open here. */
interface OpenReplica {
  readonly topic: string;
  readonly replica: Replica;
  /** Takes what is announced. */
  readonly listener: (message: string) => void;
  /** Resolves once it was loaded for the first time. */
  ready: Promise<void>;
  /** How often it is being loaded at the moment. */
  loads: number;
  /** What was announced while it is being loaded. */
  readonly held: Announcement[];
}

/** How many topics are loaded at once: each may have its whole history to tell. */
const LOADS_AT_ONCE = 64;

/** Open topics are looked after so often in their time to live. */
const SWEEPS_PER_TTL = 4;

/** `setInterval` takes no more than 31 bits of milliseconds. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** When to ask again while Redis cannot be used, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/**
 * Keeps topics' logs in Redis, and here a replica of each that is open.
 *
 * When Redis goes away the replicas stay and serve who comes back; nothing can be published and no
 * other topic opened. When it is back, each replica listens again and then reads what it lacks.
 */
export class RedisBroker implements Broker {
  readonly #options: RedisBrokerOptions;
  readonly #link: RedisLink;
  readonly #budget: HistoryBudget = { used: 0 };
  /** In the order of their use, the longest unused first. */
  readonly #open = new Map<string, OpenReplica>();
  readonly #sweep: ReturnType<typeof setInterval>;
  #events: BrokerEvents = { changed() {} };

  /** Creates a broker that reaches for Redis once it is listened to. */
  constructor(options: RedisBrokerOptions) {
    this.#options = options;
    this.#link = new RedisLink({ ...options, onUp: (session) => this.#attachAll(session) });
    const everyMs = Math.min(Math.ceil(options.historyTtlMs / SWEEPS_PER_TTL), MAX_INTERVAL_MS);
    this.#sweep = setInterval(() => this.#lookAfter(), everyMs);
  }

  get trouble(): string | undefined {
    return this.#link.trouble;
  }

  listen(events: BrokerEvents): void {
    this.#events = events;
    this.#link.start();
  }

  async publish(publications: readonly Publication[]): Promise<Position[]> {
    const { commands } = this.#session();
    try {
      const cursors = await append(commands, publications, this.#options);
      this.#options.metrics.published(publications.length);
      return cursors.map((cursor, index) => ({
        topic: publications[index]?.topic ?? "",
        offset: cursor?.offset ?? 0,
        epoch: cursor?.epoch ?? "",
      }));
    } catch (error) {
      throw this.#unavailable("publishing failed", error);
    }
  }

  async open(topic: string): Promise<TopicLog> {
    const open = this.#open.get(topic) ?? this.#begin(topic);
    try {
      await open.ready;
      return open.replica;
    } catch (error) {
      if (this.#open.get(topic) === open) this.close(topic);
      throw this.#unavailable("a topic could not be opened", error);
    }
  }

  async refresh(topic: string): Promise<void> {
    const open = this.#open.get(topic);
    if (open === undefined) return;
    const session = this.#session();
    try {
      await this.#load(open, session);
    } catch (error) {
      throw this.#unavailable("a topic could not be read", error);
    }
  }

  close(topic: string): void {
    const open = this.#open.get(topic);
    if (open === undefined) return;
    this.#open.delete(topic);
    open.replica.discard();
    const channels = this.#link.session?.channels;
    channels?.unsubscribe(channelOf(channels, topic), open.listener).catch(() => {});
    this.#options.metrics.historyBytes(this.#budget.used);
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    await this.#link.stop();
  }

  #session(): RedisSession {
    const { session, trouble = "" } = this.#link;
    if (session === undefined) throw new BrokerUnavailable(trouble, RETRY_AFTER_MS);
    return session;
  }

  #unavailable(what: string, error: unknown): BrokerUnavailable {
    const reason = reasonOf(error);
    this.#options.logger.warn(`redis: ${what}`, { reason });
    return new BrokerUnavailable(`Redis: ${reason}`, RETRY_AFTER_MS);
  }

  #begin(topic: string): OpenReplica {
    const session = this.#session();
    const { historySize: size, historyTtlMs: ttlMs } = this.#options;
    const open: OpenReplica = {
      topic,
      replica: new Replica(topic, { size, ttlMs, budget: this.#budget }),
      listener: (message) => this.#announced(open, readAnnouncement(message)),
      ready: Promise.resolve(),
      loads: 0,
      held: [],
    };
    this.#open.set(topic, open);
    open.ready = this.#attach(open, session);
    return open;
  }

  /** Listens first and reads then, so that nothing falls between the two. */
  async #attach(open: OpenReplica, session: RedisSession): Promise<void> {
    const { channels } = session;
    await this.#load(
      open,
      session,
      () => channels.subscribe(channelOf(channels, open.topic), open.listener),
    );
  }

  /** Reads what a replica lacks, and then takes what was announced meanwhile. */
  async #load(
    open: OpenReplica,
    { commands }: RedisSession,
    before?: () => Promise<void>,
  ): Promise<void> {
    const { topic, replica, held } = open;
    open.loads++;
    try {
      await before?.();
      do {
        const state = await read(commands, topic, replica.position, this.#options);
        if (this.#open.get(topic) !== open) return;
        replica.load(state);
      } while (!held.splice(0).every((announcement) => replica.apply(announcement)));
    } finally {
      open.loads--;
    }
    this.#changed(open);
  }

  #announced(open: OpenReplica, announcement: Announcement): void {
    if (this.#open.get(open.topic) !== open) return; // closed, but Redis does not know it yet
    if (open.loads > 0) open.held.push(announcement);
    else if (open.replica.apply(announcement)) this.#changed(open);
    else this.#loadAll([open], (open, session) => this.#load(open, session));
  }

  #changed(open: OpenReplica): void {
    this.#open.delete(open.topic);
    this.#open.set(open.topic, open);
    for (const { replica } of this.#open.values()) {
      if (this.#budget.used <= this.#options.historyMaxBytes) break;
      replica.clear();
    }
    this.#options.metrics.historyBytes(this.#budget.used);
    this.#events.changed(open.topic);
  }

  #attachAll(session: RedisSession): void {
    this.#loadAll([...this.#open.values()], (open) => this.#attach(open, session));
  }

  /**
   * Forgets what is past its time to live, and reads every topic anew: that tells Redis that it is
   * used, and finds what was not announced, if that should ever be.
   */
  #lookAfter(): void {
    const idle = [...this.#open.values()].filter(({ loads }) => loads === 0);
    for (const { replica } of idle) replica.prune();
    this.#loadAll(idle, (open, session) => this.#load(open, session));
  }

  /** Loads replicas, some at a time. What fails is done again with the next session. */
  async #loadAll(
    all: readonly OpenReplica[],
    load: (open: OpenReplica, session: RedisSession) => Promise<void>,
  ): Promise<void> {
    const { session } = this.#link;
    if (session === undefined) return;
    try {
      for (let start = 0; start < all.length; start += LOADS_AT_ONCE) {
        const some = all.slice(start, start + LOADS_AT_ONCE);
        await Promise.all(some.map((open) => load(open, session)));
      }
    } catch (error) {
      session.commands.lose(reasonOf(error));
    }
  }
}
