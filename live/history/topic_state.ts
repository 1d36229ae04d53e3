/**
 * A topic's state: the latest publication of each key.
 *
 * @module
 */

import type { LoggedPublication } from "../domain/broker.ts";

/** A publication that a history holds. */
export interface Entry extends LoggedPublication {
  /** Length of this publication, in UTF-16 code units. */
  readonly length: number;
  /** Length of all publications from the log's first to this one. */
  readonly end: number;
  /** Whether the log holds it. */
  inLog: boolean;
  /** Whether the state holds it. An entry that is in neither log nor state is freed. */
  isLatest: boolean;
}

/**
 * Holds the latest publication of each key, in the order of offsets.
 *
 * A removal takes its key out of the state, but stays here while the log holds it, for readers that get
 * only the newest of each key. A reader at an offset before a removal that was dropped cannot learn of it,
 * and has to start over: see {@linkcode TopicState.canCatchUp}.
 */
export class TopicState {
  readonly #latest = new Map<string, Entry>();
  /** Readers before this offset have to start over. */
  #droppedUpTo: number;

  /**
   * Creates an empty state.
   *
   * @param droppedUpTo Offset of the newest removal that is not held from the start.
   */
  constructor(droppedUpTo: number) {
    this.#droppedUpTo = droppedUpTo;
  }

  /** Returns whether every change of the state that follows an offset is held. */
  canCatchUp(offset: number): boolean {
    return offset >= this.#droppedUpTo;
  }

  /** Adds the latest publication of its key. Returns the entry that it replaces. */
  set(key: string, entry: Entry): Entry | undefined {
    const replaced = this.#latest.get(key);
    this.#latest.delete(key); // so that the map stays in the order of offsets
    this.#latest.set(key, entry);
    if (replaced !== undefined) replaced.isLatest = false;
    return replaced;
  }

  /** Called when the log has dropped an entry: a removal leaves the state with it. */
  droppedFromLog(entry: Entry): void {
    if (entry.json !== undefined || !entry.isLatest) return;
    this.#latest.delete(entry.key as string);
    this.#drop(entry);
  }

  /** Returns the entries that follow an offset, removals included, oldest first. */
  *after(offset: number): Iterable<Entry> {
    for (const entry of this.#latest.values()) {
      if (entry.offset > offset) yield entry;
    }
  }

  /**
   * Drops the oldest entries without a rank until `count` of them are left, and returns the dropped
   * entries. Readers that have not read these have to start over.
   */
  dropUnranked(count: number): Entry[] {
    const unranked = [...this.#latest.values()].filter(({ rank }) => rank === undefined);
    const dropped = unranked.slice(0, Math.max(0, unranked.length - count));
    for (const entry of dropped) {
      this.#latest.delete(entry.key as string);
      this.#drop(entry);
    }
    return dropped;
  }

  /**
   * Drops everything, and returns the dropped entries. Readers that are not at the end have to start over,
   * because they could keep a value that was replaced.
   */
  clear(): Entry[] {
    const entries = [...this.#latest.values()];
    this.#latest.clear();
    for (const entry of entries) this.#drop(entry);
    return entries;
  }

  #drop(entry: Entry): void {
    entry.isLatest = false;
    this.#droppedUpTo = Math.max(this.#droppedUpTo, entry.offset);
  }
}
