/**
 * What one thread follows of the main thread's logs.
 *
 * @module
 */

import { BrokerUnavailable } from "../domain/broker.ts";
import { announcementAfter, stateOf } from "../history/log_state.ts";
import type { ReplicaPosition } from "../history/replica.ts";
import type { LogState } from "../history/stored_log.ts";
import type { ReadOptions } from "../history/topic_store.ts";
import type { TopicAnnouncement } from "./protocol.ts";
import type { TopicFollower, TopicHost } from "./topic_host.ts";

/** How many batches of announcements a thread may have in its queue. The log is the queue for the rest. */
const MAX_UNCONFIRMED = 16;

/** When callers should try again if a topic was closed while it was being read, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/**
 * Sends one thread the changes of the topics that it follows. The reader has a cursor in each log. Once per
 * turn of the event loop, it sends what lies between cursor and head, in one message for all topics. A
 * thread that is behind gets nothing until it has caught up. If the log has dropped something by then, the
 * thread reads the log again.
 */
export class TopicReader implements TopicFollower {
  readonly #host: TopicHost;
  readonly #touch: () => void;
  readonly #dirty = new Set<string>();
  readonly #names = new Set<string>();
  #unconfirmed = 0;

  /** Creates a reader that follows no topic. It calls `touch` when there is something to announce. */
  constructor(host: TopicHost, touch: () => void) {
    this.#host = host;
    this.#touch = touch;
  }

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

  /** Stops following a topic. */
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

  mark(name: string): void {
    this.#dirty.add(name);
    if (this.isBehind) this.#host.release(name);
    else this.#touch();
  }

  /** Returns the announcements that are due, if there are any, and moves the cursors. */
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

  /** Stops following all topics. */
  leave(): void {
    for (const name of [...this.#names]) this.unsubscribe(name);
  }
}
