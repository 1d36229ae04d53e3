/**
 * A local copy of a topic's log in a shared store.
 *
 * @module
 */

import type { Cursor, LoggedPublication, LogMeasure, TopicLog } from "../domain/broker.ts";
import type { Announcement, LogState, StoredPublication } from "./stored_log.ts";
import { TopicHistory, type TopicHistoryOptions } from "./topic_history.ts";

/** Bounds of a replica. */
export type ReplicaOptions = Pick<TopicHistoryOptions, "size" | "ttlMs" | "budget">;

/** A replica's position, so that the store can return what follows it. The epoch is empty at first. */
export interface ReplicaPosition extends Cursor {
  /** The time at which the store took the publication at the offset, as digits. */
  readonly at: string;
}

/**
 * Holds what the store holds of a topic. It is loaded from the store first, then kept current by
 * announcements. Offsets order both and make each publication unique, so catching up after an outage works
 * like the first load.
 *
 * Readers keep the same replica when its history is replaced. That happens if publications in between are
 * lost, so that readers see offsets that are no longer held, and when the log begins a new life.
 */
export class Replica implements TopicLog {
  readonly topic: string;
  readonly #options: ReplicaOptions;
  #history: TopicHistory;
  #at = "";

  /** Creates an empty replica, which must be loaded before it is read. */
  constructor(topic: string, options: ReplicaOptions) {
    this.topic = topic;
    this.#options = options;
    this.#history = new TopicHistory(topic, { ...options, epoch: "" });
  }

  get epoch(): string {
    return this.#history.epoch;
  }

  get head(): number {
    return this.#history.head;
  }

  /** Its own position in the store's log. */
  get position(): ReplicaPosition {
    return { epoch: this.epoch, offset: this.head, at: this.#at };
  }

  read(offset: number, maxLength: number): readonly LoggedPublication[] | undefined {
    return this.#history.read(offset, maxLength);
  }

  lengthAfter(offset: number): number {
    return this.#history.lengthAfter(offset);
  }

  latest(offset: number): Iterable<LoggedPublication> {
    return this.#history.latest(offset);
  }

  canCatchUp(offset: number): boolean {
    return this.#history.canCatchUp(offset);
  }

  held(offset: number): Iterable<LoggedPublication> {
    return this.#history.held(offset);
  }

  newest(offset: number): Iterable<LoggedPublication> {
    return this.#history.newest(offset);
  }

  measure(): LogMeasure {
    return this.#history.measure();
  }

  retain(offset: number): void {
    this.#history.retain(offset);
  }

  release(offset: number): void {
    this.#history.release(offset);
  }

  /** Drops what the log has held for longer than its time to live. */
  prune(): void {
    this.#history.prune();
  }

  /** Drops all of the log that its readers have read. The state stays. */
  dropLog(): void {
    this.#history.dropLog();
  }

  /** Drops the state, and all of the log that its readers have read. */
  clear(): void {
    this.#history.clear();
  }

  /** Drops everything. */
  discard(): void {
    this.#history.release(Infinity);
    this.#history.clear();
  }

  /** Adds what the replica lacks, from an answer of the store. */
  load(state: LogState): void {
    const { epoch, offset, publications } = state;
    if (epoch === this.epoch && offset <= this.head) return;
    const missed = publications.filter(({ offset }) => offset > this.head);
    const isNext = epoch === this.epoch && missed[0]?.offset === this.head + 1;
    if (!isNext) this.#replace(state);
    else for (const publication of missed) this.#history.append(publication);
    this.#at = publications.at(-1)?.at ?? "";
  }

  /**
   * Adds what the replica lacks, from an announcement.
   *
   * @returns `false` if the replica must be loaded: publications in between are missing, or the log
   * has begun a new life.
   */
  apply({ epoch, publications }: Announcement): boolean {
    if (epoch !== this.epoch) return false;
    for (const publication of publications) {
      const { offset, at } = publication;
      if (offset > this.head + 1) return false;
      if (offset <= this.head) {
        if (at > this.#at) return false; // newer, so the store used its offset again
        continue;
      }
      this.#history.append(publication);
      this.#at = at;
    }
    return true;
  }

  /** Begins a history with everything that the store holds. Publications keep their age. */
  #replace({ epoch, offset, now, publications, latest, removedUpTo }: LogState): void {
    const { ttlMs } = this.#options;
    const age = ({ at }: StoredPublication) => (now - Number(at)) / 1000;
    const first = publications.findIndex((publication) => age(publication) < ttlMs);
    const held = first < 0 ? [] : publications.slice(first);
    const isCut = held.length < publications.length;
    const head = held[0] === undefined ? offset : held[0].offset - 1;
    this.discard();
    this.#history = new TopicHistory(this.topic, {
      ...this.#options,
      epoch,
      head,
      removedUpTo: isCut ? head : removedUpTo,
    });
    this.#history.release(head); // no reader has read any of it
    for (const publication of latest) {
      const { offset, key } = publication;
      if (key === undefined || offset > head) continue;
      this.#history.restore(offset, { ...publication, key }, Date.now() - age(publication));
    }
    for (const publication of held) {
      this.#history.append(publication, Date.now() - age(publication));
    }
  }
}
