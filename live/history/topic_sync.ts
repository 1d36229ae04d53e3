/**
 * Keeping a replica of one topic's log current.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import { Replica, type ReplicaOptions } from "./replica.ts";
import type { Announcement } from "./stored_log.ts";
import type { ReadOptions, TopicStore } from "./topic_store.ts";

/** What following a topic needs. */
export interface TopicSyncOptions extends ReplicaOptions {
  /** Holds the log. */
  readonly store: TopicStore;
  /** Called when the replica has grown, or has begun a new life. */
  readonly onChanged: (sync: TopicSync) => void;
}

/** Keeps a replica current: by reads at the beginning and after a break, otherwise by announcements. */
export class TopicSync {
  /** Name of the topic. */
  readonly topic: string;
  /** The copy of the log. */
  readonly replica: Replica;
  readonly #options: TopicSyncOptions;
  /** Announcements that arrived during a read. Its answer may or may not include them. */
  readonly #held: Announcement[] = [];
  #reads = 0;
  /** The end of the log as it was last reported. */
  #reported: Cursor = { epoch: "", offset: 0 };
  #isClosed = false;

  /** Creates an empty replica, for {@linkcode attach} to fill. */
  constructor(topic: string, options: TopicSyncOptions) {
    this.topic = topic;
    this.replica = new Replica(topic, options);
    this.#options = options;
  }

  /**
   * Subscribes to announcements, and then reads the log. In this order nothing is missed.
   *
   * @throws {BrokerUnavailable} If the store cannot be used now.
   */
  async attach(): Promise<void> {
    if (this.#isClosed) return;
    await this.#options.store.subscribe(this.topic, this.#onAnnouncement);
    await this.load();
  }

  /**
   * Reads what the replica is missing. This also tells the store that the topic is in use.
   *
   * @param options Whether a reader knows of publications that the store may not have yet.
   * @throws {BrokerUnavailable} If the store cannot be used now.
   */
  async load(options: ReadOptions = { fresh: false }): Promise<void> {
    const { replica } = this;
    this.#reads++;
    try {
      do {
        const { store } = this.#options;
        const state = await store.read(this.topic, replica.position, options);
        if (this.#isClosed) return;
        replica.load(state);
      } while (!this.#held.splice(0).every((announcement) => replica.apply(announcement)));
    } finally {
      this.#reads--;
      this.#report();
    }
  }

  /** Unsubscribes, and frees the replica. */
  close(): void {
    this.#isClosed = true;
    this.replica.discard();
    this.#options.store.unsubscribe(this.topic, this.#onAnnouncement);
  }

  readonly #onAnnouncement = (announcement: Announcement): void => {
    if (this.#isClosed) return; // the store has not confirmed the end of the subscription yet
    if (this.#reads > 0) this.#held.push(announcement);
    else if (this.replica.apply(announcement)) this.#report();
    else this.#options.store.attempt(this.topic, () => this.load());
  };

  /** Reports a change, unless there is none since the last report. */
  #report(): void {
    const { epoch, head: offset } = this.replica;
    const isReported = epoch === this.#reported.epoch && offset === this.#reported.offset;
    if (isReported || this.#isClosed) return;
    this.#reported = { epoch, offset };
    this.#options.onChanged(this);
  }
}
