/**
 * The logs of the main thread's broker, for other threads to follow.
 *
 * @module
 */

import { DEFAULTS } from "../config/defaults.ts";
import {
  type Broker,
  type BrokerEvents,
  BrokerUnavailable,
  type Cursor,
  type TopicLog,
} from "../domain/broker.ts";
import { announcementAfter, stateOf } from "../history/log_state.ts";
import type { ReplicaPosition } from "../history/replica.ts";
import type { LogState } from "../history/stored_log.ts";
import type { ReadOptions } from "../history/topic_store.ts";
import type { TopicAnnouncement } from "./protocol.ts";

/** Batches of announcements that a thread may have to process; the log is the queue for the rest. */
const MAX_UNCONFIRMED = 16;

/**
 * What a log keeps for a thread beyond its history, in UTF-16 code units: as much as for one subscriber, so
 * that a thread that hangs does not fill the memory before it is replaced.
 */
const MAX_BACKLOG = 4 * DEFAULTS.backpressureThresholdBytes;

/** When to open a topic again that was closed while it was being opened, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** A topic that is open in the main thread. */
interface HostedTopic {
  readonly name: string;
  readonly opening: Promise<TopicLog>;
  /** Set once it is open. */
  log?: TopicLog;
  /** Threads that follow it, with how far they were told; `undefined` until they are subscribed. */
  readonly readers: Map<TopicReader, Cursor | undefined>;
  /** Whether the main thread itself follows it. */
  isOwn: boolean;
}

/** What a host needs. */
export interface TopicHostOptions {
  /** Holds the logs. The host listens to it. */
  readonly broker: Broker;
  /** Called with the number of topics that other threads follow. */
  readonly onTopics: (count: number) => void;
}

/** Opens each log once, however many threads follow it. */
export class TopicHost {
  /** The broker for subscribers in the main thread. */
  readonly own: Broker;
  readonly #options: TopicHostOptions;
  readonly #topics = new Map<string, HostedTopic>();
  #followed = 0;

  /** Creates a host without open topics. */
  constructor(options: TopicHostOptions) {
    const { broker } = options;
    let events: BrokerEvents = { changed() {} };
    this.#options = options;
    broker.listen({
      changed: (name) => {
        const topic = this.#topics.get(name);
        for (const reader of topic?.readers.keys() ?? []) reader.mark(name);
        if (topic?.isOwn) events.changed(name);
      },
    });
    this.own = {
      get trouble() {
        return broker.trouble;
      },
      get partialTrouble() {
        return broker.partialTrouble;
      },
      listen(receiver) {
        events = receiver;
      },
      publish: (publications) => broker.publish(publications),
      open: async (name) => {
        const topic = this.#open(name);
        topic.isOwn = true;
        try {
          return await topic.opening;
        } catch (error) {
          topic.isOwn = false;
          this.#closeIfUnused(topic);
          throw error;
        }
      },
      refresh: (name) => broker.refresh(name),
      close: (name) => {
        const topic = this.#topics.get(name);
        if (topic === undefined) return;
        topic.isOwn = false;
        this.#closeIfUnused(topic);
      },
      stop: () => broker.stop(),
    };
  }

  /** The broker that holds the logs. */
  get broker(): Broker {
    return this.#options.broker;
  }

  /** Returns a topic that a reader follows. */
  followed(name: string, reader: TopicReader): HostedTopic | undefined {
    const topic = this.#topics.get(name);
    return topic?.readers.has(reader) ? topic : undefined;
  }

  /** Adds a reader to a topic, which is opened if it is not open. */
  follow(name: string, reader: TopicReader): HostedTopic {
    const topic = this.#open(name);
    if (topic.readers.size === 0) this.#options.onTopics(++this.#followed);
    topic.readers.set(reader, undefined);
    return topic;
  }

  /** Removes a reader from a topic. */
  unfollow(name: string, reader: TopicReader): void {
    const topic = this.followed(name, reader);
    if (topic === undefined) return;
    topic.readers.delete(reader);
    if (topic.readers.size === 0) this.#options.onTopics(--this.#followed);
    this.#closeIfUnused(topic);
  }

  /** Has a topic's log drop what all readers have got, and what one lacks that is far behind. */
  release(name: string): void {
    const { log, readers } = this.#topics.get(name) ?? {};
    if (log === undefined || readers === undefined) return;
    const { epoch, head } = log;
    const needed = Array.from(readers, ([reader, cursor]) => {
      const offset = cursor?.epoch === epoch ? cursor.offset : head; // otherwise it reads the whole log
      return reader.isBehind && log.lengthAfter(offset) > MAX_BACKLOG ? head : offset;
    });
    log.release(Math.min(head, ...needed));
  }

  #open(name: string): HostedTopic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const opening = this.#options.broker.open(name);
    const topic: HostedTopic = { name, opening, readers: new Map(), isOwn: false };
    this.#topics.set(name, topic);
    opening.then((log) => topic.log = log, () => {}); // whoever opens it learns of the failure
    return topic;
  }

  #closeIfUnused(topic: HostedTopic): void {
    if (topic.isOwn || topic.readers.size > 0 || this.#topics.get(topic.name) !== topic) return;
    this.#topics.delete(topic.name);
    this.#options.broker.close(topic.name);
  }
}

/**
 * What one thread follows. It has a cursor in each log, and gets what lies between cursor and head: once
 * per turn of the event loop, in one message for all topics. A thread that is behind gets nothing until
 * it has caught up; if the log has dropped something by then, it reads the log again.
 */
export class TopicReader {
  readonly #host: TopicHost;
  readonly #touch: () => void;
  readonly #dirty = new Set<string>();
  readonly #names = new Set<string>();
  #unconfirmed = 0;

  /** Creates a reader that follows nothing. `touch` is called when there is something to announce. */
  constructor(host: TopicHost, touch: () => void) {
    this.#host = host;
    this.#touch = touch;
  }

  /** Whether the thread has so much to process that it gets nothing more for now. */
  get isBehind(): boolean {
    return this.#unconfirmed >= MAX_UNCONFIRMED;
  }

  /**
   * Follows a topic from its head on.
   *
   * @throws {BrokerUnavailable} If it cannot be opened.
   */
  async subscribe(name: string): Promise<void> {
    const topic = this.#host.follow(name, this);
    this.#names.add(name);
    try {
      const { epoch, head: offset } = await topic.opening;
      if (this.#host.followed(name, this) === topic) topic.readers.set(this, { epoch, offset });
    } catch (error) {
      if (this.#host.followed(name, this) === topic) this.unsubscribe(name);
      throw error;
    }
  }

  /** Follows a topic no more. */
  unsubscribe(name: string): void {
    this.#names.delete(name);
    this.#dirty.delete(name);
    this.#host.unfollow(name, this);
  }

  /**
   * Reads what a replica lacks.
   *
   * @throws {BrokerUnavailable} If the topic is not open, or cannot be brought up to date.
   */
  async read(name: string, known: ReplicaPosition, { fresh }: ReadOptions): Promise<LogState> {
    if (fresh) await this.#host.broker.refresh(name);
    const log = this.#host.followed(name, this)?.log;
    if (log === undefined) throw new BrokerUnavailable("the topic was closed", RETRY_AFTER_MS);
    return stateOf(log, known);
  }

  /** Called when a topic's log has changed. */
  mark(name: string): void {
    this.#dirty.add(name);
    if (this.isBehind) this.#host.release(name);
    else this.#touch();
  }

  /** Returns what the thread has to be told now, if anything, and moves the cursors. */
  take(): TopicAnnouncement[] | undefined {
    if (this.#dirty.size === 0 || this.isBehind) return undefined;
    const announcements: TopicAnnouncement[] = [];
    for (const name of this.#dirty) {
      const topic = this.#host.followed(name, this);
      const cursor = topic?.readers.get(this);
      const log = topic?.log;
      if (topic === undefined || cursor === undefined || log === undefined) continue;
      const { epoch, head: offset } = log;
      if (cursor.epoch === epoch && cursor.offset === offset) continue;
      announcements.push([name, announcementAfter(log, cursor)]);
      topic.readers.set(this, { epoch, offset });
      this.#host.release(name);
    }
    this.#dirty.clear();
    if (announcements.length === 0) return undefined;
    this.#unconfirmed++;
    return announcements;
  }

  /** Notes that the thread has processed a batch. */
  confirm(): void {
    this.#unconfirmed--;
    if (this.#dirty.size > 0) this.#touch();
  }

  /** Follows nothing any more. */
  leave(): void {
    for (const name of [...this.#names]) this.unsubscribe(name);
  }
}
