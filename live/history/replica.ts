/**
 * A local copy of a topic's log in a shared store.
 *
 * @module
 */

import type { LoggedPublication, TopicLog } from "../domain/broker.ts";
import type { Announcement, LogState, StoredPublication } from "./stored_log.ts";
import { type HistoryBudget, TopicHistory } from "./topic_history.ts";

/** Bounds of a replica. */
export interface ReplicaOptions {
  /** Messages kept for recovery, beyond those that readers still have to read. */
  readonly size: number;
  /** How long a message is kept, in milliseconds. */
  readonly ttlMs: number;
  /** Where to account for what is held. */
  readonly budget: HistoryBudget;
}

/** Where a replica stands, so that the store can tell what it lacks. */
export interface ReplicaPosition {
  /** Name of the log's life; empty before the first load. */
  readonly epoch: string;
  /** Number of the last publication. */
  readonly offset: number;
  /** When the store took it, as digits. */
  readonly at: string;
}

/**
 * Holds what the store holds of a topic, filled from there first and from the announcements after.
 * Offsets put both in order and make each message unique, so catching up after a break is the same
 * as the first load.
 *
 * Readers keep the replica; the history in it is replaced when messages in between are lost for
 * good (they see offsets that are no longer held) or when the log begins a new life (another epoch).
 */
export class Replica implements TopicLog {
  readonly topic: string;
  readonly #options: ReplicaOptions;
  #history: TopicHistory;
  #at = "";

  /** Creates a replica that has to be loaded. */
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

  /** Where it stands. */
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

  held(offset: number): Iterable<LoggedPublication> | undefined {
    return this.#history.held(offset);
  }

  newest(offset: number): Iterable<LoggedPublication> | undefined {
    return this.#history.newest(offset);
  }

  release(offset: number): void {
    this.#history.release(offset);
  }

  /** Drops what is older than the time to live. */
  prune(): void {
    this.#history.prune();
  }

  /** Drops everything that no reader still has to read. */
  clear(): void {
    this.#history.clear();
  }

  /** Drops everything. */
  discard(): void {
    this.#history.release(Infinity);
    this.#history.clear();
  }

  /** Takes in what the store holds, as far as it is new. */
  load(state: LogState): void {
    const { epoch, offset, publications } = state;
    if (epoch === this.epoch && offset <= this.head) return;
    const missed = publications.filter(({ offset }) => offset > this.head);
    const isNext = epoch === this.epoch && missed[0]?.offset === this.head + 1;
    if (!isNext) this.#replace(state);
    else for (const publication of missed) this.#append(publication);
    this.#at = publications.at(-1)?.at ?? "";
  }

  /**
   * Takes in what was announced, as far as it is new.
   *
   * @returns Whether that was all; `false` if something is missing in between or the log is another
   * one, so that it has to be loaded.
   */
  apply({ epoch, publications }: Announcement): boolean {
    if (epoch !== this.epoch) return false;
    for (const publication of publications) {
      const { offset, at } = publication;
      if (offset > this.head + 1) return false;
      if (offset <= this.head) {
        if (at > this.#at) return false; // newer, so its number was given twice
        continue;
      }
      this.#append(publication);
      this.#at = at;
    }
    return true;
  }

  #append(publication: StoredPublication): void {
    this.#history.append(publication);
  }

  /** Begins a history with all that the store holds, as old as it is there. */
  #replace({ epoch, offset, now, publications, latest, removedUpTo }: LogState): void {
    const { ttlMs } = this.#options;
    const age = ({ at }: StoredPublication) => (now - Number(at)) / 1000;
    const held = publications.filter((publication) => age(publication) < ttlMs);
    const isCut = held.length < publications.length;
    const head = held[0] === undefined ? offset : held[0].offset - 1;
    this.discard();
    this.#history = new TopicHistory(this.topic, {
      ...this.#options,
      epoch,
      head,
      removedUpTo: isCut ? head : removedUpTo,
    });
    this.#history.release(head); // nobody has read anything of it
    for (const publication of latest) {
      const { offset, json, key } = publication;
      if (key === undefined || offset > head) continue;
      this.#history.restore(offset, { key, json }, Date.now() - age(publication));
    }
    for (const publication of held) {
      this.#history.append(publication, Date.now() - age(publication));
    }
  }
}
