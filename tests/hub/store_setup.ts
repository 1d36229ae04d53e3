/**
 * A broker on a fake shared store, like several instances on Redis for one hub.
 *
 * @module
 */

import type { Broker, BrokerEvents, Position, TopicLog } from "../../live/domain/broker.ts";
import type { Publication } from "../../live/domain/publication.ts";
import { Replica } from "../../live/history/replica.ts";
import type { Announcement, LogState, StoredPublication } from "../../live/history/stored_log.ts";

/** A topic in the store. */
interface StoredTopic {
  readonly epoch: string;
  offset: number;
  removedUpTo: number;
  publications: StoredPublication[];
  readonly latest: Map<string, StoredPublication>;
}

/** Keeps logs in a store, and a replica of each open one. */
export class StoreBroker implements Broker {
  readonly trouble = undefined;
  /** What the replicas hold. */
  readonly budget = { used: 0 };
  /** Whether announcements get lost. */
  isCutOff = false;
  readonly #size: number;
  readonly #topics = new Map<string, StoredTopic>();
  readonly #replicas = new Map<string, Replica>();
  #events: BrokerEvents = { changed() {} };
  /** Orders publications, and names epochs. */
  #count = 1_000;

  /** Creates a broker whose store and replicas keep a number of publications per topic. */
  constructor(size: number) {
    this.#size = size;
  }

  listen(events: BrokerEvents): void {
    this.#events = events;
  }

  publish(publications: readonly Publication[]): Promise<Position[]> {
    const news = new Map<string, Announcement>();
    const positions = publications.map((publication) => {
      const { topic } = publication;
      const { epoch } = this.#topicOf(topic);
      const stored = this.#append(this.#topicOf(topic), publication);
      const earlier = news.get(topic)?.publications ?? [];
      news.set(topic, { epoch, publications: [...earlier, stored] });
      return { topic, epoch, offset: stored.offset };
    });
    for (const [topic, announcement] of news) this.#announce(topic, announcement);
    return Promise.resolve(positions);
  }

  open(topic: string): Promise<TopicLog> {
    const bounds = { size: this.#size, ttlMs: 2 ** 31, budget: this.budget };
    const replica = this.#replicas.get(topic) ?? new Replica(topic, bounds);
    this.#replicas.set(topic, replica);
    replica.load(this.#read(topic));
    return Promise.resolve(replica);
  }

  refresh(topic: string): Promise<void> {
    this.#load(topic);
    return Promise.resolve();
  }

  close(topic: string): void {
    this.#replicas.get(topic)?.discard();
    this.#replicas.delete(topic);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** Returns the head of an open log, as the hub knows it. */
  headOf(topic: string): number | undefined {
    return this.#replicas.get(topic)?.head;
  }

  /** Ends the outage: replicas load what they lack. */
  reconnect(): void {
    this.isCutOff = false;
    for (const topic of this.#replicas.keys()) this.#load(topic);
  }

  /** Loses a topic, which begins a new life. */
  lose(topic: string): void {
    this.#topics.delete(topic);
    this.#announce(topic, { epoch: this.#topicOf(topic).epoch, publications: [] });
  }

  #topicOf(topic: string): StoredTopic {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    const epoch = `epoch-${this.#count++}`;
    const stored = { epoch, offset: 0, removedUpTo: 0, publications: [], latest: new Map() };
    this.#topics.set(topic, stored);
    return stored;
  }

  #append(topic: StoredTopic, { key, json }: Publication): StoredPublication {
    const publication = { offset: ++topic.offset, at: `${this.#count++}`, key, json };
    topic.publications.push(publication);
    if (key !== undefined) topic.latest.delete(key);
    if (key !== undefined && json !== undefined) topic.latest.set(key, publication);
    const excess = Math.max(0, topic.publications.length - this.#size);
    for (const { offset, json } of topic.publications.splice(0, excess)) {
      if (json === undefined) topic.removedUpTo = offset;
    }
    return publication;
  }

  /** Announces what is new; the replica loads what it cannot apply. */
  #announce(topic: string, announcement: Announcement): void {
    const replica = this.#replicas.get(topic);
    if (replica === undefined || this.isCutOff) return;
    if (replica.apply(announcement)) this.#events.changed(topic);
    else this.#load(topic);
  }

  #load(topic: string): void {
    this.#replicas.get(topic)?.load(this.#read(topic));
    if (this.#replicas.has(topic)) this.#events.changed(topic);
  }

  #read(topic: string): LogState {
    const { epoch, offset, removedUpTo, publications, latest } = this.#topicOf(topic);
    const now = this.#count; // microseconds, so that nothing is too old
    return { epoch, offset, removedUpTo, now, publications, latest: [...latest.values()] };
  }
}
