/**
 * How an instance's copy of one topic's log follows the log in Redis.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import { Replica, type ReplicaOptions } from "../history/replica.ts";
import type { Announcement } from "../history/stored_log.ts";
import type { RedisLink, RedisSession } from "./link.ts";
import { readAnnouncement } from "./replies.ts";
import { channelOf, read, type StoreBounds } from "./store.ts";

/** What following a topic needs. */
export interface TopicSyncOptions extends ReplicaOptions {
  /** Where Redis is. */
  readonly link: RedisLink;
  /** Bounds of the log in Redis. */
  readonly bounds: StoreBounds;
  /** Called when the replica has grown, or has begun a new life. */
  readonly onChanged: (sync: TopicSync) => void;
}

/** Keeps a replica current: by reads to begin with and after a break, by announcements otherwise. */
export class TopicSync {
  /** Name of the topic. */
  readonly topic: string;
  /** The copy of the log. */
  readonly replica: Replica;
  readonly #options: TopicSyncOptions;
  /** Announcements that came during a read, which may or may not have them in its answer. */
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
   * Subscribes to announcements, and then reads the log: nothing can fall between the two.
   *
   * @throws {Error} If Redis refuses or a connection is lost.
   */
  async attach(session: RedisSession): Promise<void> {
    if (this.#isClosed) return;
    const { channels } = session;
    await channels.subscribe(channelOf(channels, this.topic), this.#onAnnouncement);
    await this.load(session);
  }

  /**
   * Reads what the replica is missing. This also tells Redis that the topic is in use.
   *
   * @throws {Error} If Redis refuses or the connection is lost.
   */
  async load({ commands }: RedisSession): Promise<void> {
    const { replica } = this;
    this.#reads++;
    try {
      do {
        const state = await read(commands, this.topic, replica.position, this.#options.bounds);
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
    const channels = this.#options.link.session?.channels;
    if (channels === undefined) return;
    const channel = channelOf(channels, this.topic);
    channels.unsubscribe(channel, this.#onAnnouncement).catch(() => {}); // the connection is lost
  }

  readonly #onAnnouncement = (message: string): void => {
    if (this.#isClosed) return; // Redis has not confirmed the end of the subscription yet
    const announcement = readAnnouncement(message);
    if (this.#reads > 0) this.#held.push(announcement);
    else if (this.replica.apply(announcement)) this.#report();
    else this.#options.link.attempt((session) => this.load(session));
  };

  /** Reports a change, if there is any that was not reported. */
  #report(): void {
    const { epoch, head: offset } = this.replica;
    const isReported = epoch === this.#reported.epoch && offset === this.#reported.offset;
    if (isReported || this.#isClosed) return;
    this.#reported = { epoch, offset };
    this.#options.onChanged(this);
  }
}
