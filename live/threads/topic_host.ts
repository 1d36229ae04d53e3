/**
 * The logs of the main thread's broker, for other threads to follow.
 *
 * @module
 */

import { DEFAULTS } from "../config/defaults.ts";
import type { Broker, BrokerEvents, Cursor, TopicLog } from "../domain/broker.ts";
import { BURST_BACKLOG } from "../hub/slow_consumer.ts";

/**
 * What a log keeps for a thread beyond its history, in UTF-16 code units. It is what a log keeps for one
 * slow subscriber, so that a thread that hangs does not fill the memory before the process ends.
 */
const MAX_BACKLOG = BURST_BACKLOG * DEFAULTS.backpressureThresholdBytes;

/** A thread that follows topics. */
export interface TopicFollower {
  /** Whether the thread gets nothing for now, because it has not processed earlier announcements. */
  readonly isBehind: boolean;
  /** Called when a topic's log has changed. */
  mark(name: string): void;
}

/** A topic that is open in the main thread. */
interface HostedTopic {
  readonly name: string;
  readonly opening: Promise<TopicLog>;
  /** Set once it is open. */
  log?: TopicLog;
  /**
   * Threads that follow it, each with the position up to which it got announcements; `undefined` until it
   * is subscribed.
   */
  readonly readers: Map<TopicFollower, Cursor | undefined>;
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

/** Opens each log once for all threads that follow it. */
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
  followed(name: string, reader: TopicFollower): HostedTopic | undefined {
    const topic = this.#topics.get(name);
    return topic?.readers.has(reader) ? topic : undefined;
  }

  /** Adds a reader to a topic, which is opened if it is not open. */
  follow(name: string, reader: TopicFollower): HostedTopic {
    const topic = this.#open(name);
    if (topic.readers.size === 0) this.#options.onTopics(++this.#followed);
    topic.readers.set(reader, undefined);
    return topic;
  }

  /** Removes a reader from a topic. */
  unfollow(name: string, reader: TopicFollower): void {
    const topic = this.followed(name, reader);
    if (topic === undefined) return;
    topic.readers.delete(reader);
    if (topic.readers.size === 0) this.#options.onTopics(--this.#followed);
    this.#closeIfUnused(topic);
  }

  /**
   * Lets a topic's log drop what all readers have got. A reader that is too far behind does not count: it
   * will read the whole log again.
   */
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
    opening.then((log) => topic.log = log, () => {}); // the callers of open() and follow() handle the error
    return topic;
  }

  #closeIfUnused(topic: HostedTopic): void {
    if (topic.isOwn || topic.readers.size > 0 || this.#topics.get(topic.name) !== topic) return;
    this.#topics.delete(topic.name);
    this.#options.broker.close(topic.name);
  }
}
