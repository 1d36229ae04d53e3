/**
 * The logs of the main thread, for the replicas of a thread.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import type { Publication } from "../domain/publication.ts";
import type { ReplicaPosition } from "../history/replica.ts";
import type { LogState } from "../history/stored_log.ts";
import type { ReadOptions, TopicListener, TopicStore } from "../history/topic_store.ts";
import type { Channel } from "./channel.ts";
import type { MainCalls, TopicAnnouncement } from "./protocol.ts";

/**
 * Follows logs over a channel. The channel loses nothing, and if the main thread ends, so does this one. So
 * there are no breaks after which it would have to read again.
 */
export class ThreadTopicStore implements TopicStore {
  readonly trouble: undefined = undefined;
  readonly #channel: Channel<MainCalls>;
  readonly #listeners = new Map<string, TopicListener>();

  /** Creates a store that calls the main thread over a channel. */
  constructor(channel: Channel<MainCalls>) {
    this.#channel = channel;
  }

  onUp(): void {}

  append(publications: readonly Publication[]): Promise<Cursor[]> {
    const parts = publications.map(({ topic, key, json, id }) => ({ topic, key, json, id }));
    return this.#channel.call("append", parts);
  }

  read(topic: string, known: ReplicaPosition, options: ReadOptions): Promise<LogState> {
    return this.#channel.call("read", topic, known, options);
  }

  async subscribe(topic: string, listener: TopicListener): Promise<void> {
    this.#listeners.set(topic, listener);
    await this.#channel.call("subscribe", topic);
  }

  unsubscribe(topic: string, listener: TopicListener): void {
    if (this.#listeners.get(topic) !== listener) return;
    this.#listeners.delete(topic);
    this.#channel.tell("unsubscribe", topic);
  }

  async attempt(_topic: string, action: () => Promise<void>): Promise<void> {
    // This read fails only if the topic was closed, or if the main thread is overloaded. In both cases, the
    // next announcement or sweep reads again.
    await action().catch(() => {});
  }

  /** Passes on what the main thread announces. */
  announce(announcements: readonly TopicAnnouncement[]): void {
    this.#channel.tell("confirmAnnouncements"); // sent after this turn, even if a listener throws
    for (const [topic, announcement] of announcements) this.#listeners.get(topic)?.(announcement);
  }

  stop(): void {
    this.#listeners.clear();
  }
}
