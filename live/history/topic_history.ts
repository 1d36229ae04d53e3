/**
 * A topic's log in memory.
 *
 * @module
 */

import {
  type LoggedPublication,
  type LogMeasure,
  messageLength,
  type TopicLog,
} from "../domain/broker.ts";
import type { HistoryBudget } from "./history_budget.ts";
import { publishRate } from "./publish_rate.ts";
import { type Entry, TopicState } from "./topic_state.ts";

/** Bounds of one topic's history, and where its log begins. */
export interface TopicHistoryOptions {
  /** Name of the log's life. @default {a random one, so that a restart begins a new life} */
  readonly epoch?: string;
  /** Offset of the last publication before the log begins. @default {0} */
  readonly head?: number;
  /** Offset of the last removal before the log begins. @default {0} */
  readonly removedUpTo?: number;
  /** Publications kept for recovery, in addition to those that readers still have to read. */
  readonly size: number;
  /** How long the log keeps a publication, in milliseconds. */
  readonly ttlMs: number;
  /** The shared budget, which counts what is held. */
  readonly budget: HistoryBudget;
}

/** The part of a publication that the log does not assign itself. */
export type Appended = Pick<LoggedPublication, "key" | "json" | "rank" | "event">;

/** The array is compacted once it starts with this many holes, if they are at least half of it. */
const COMPACT_AT = 256;

/**
 * A bounded log of publications and, beside it, the latest of each key: the topic's state.
 *
 * Offsets are dense: entry n of the array has the offset of the first plus n. The log keeps the
 * last `size` publications and, while it is being read, everything its slowest reader still needs.
 * The state has no time to live of its own: it lasts as long as the history.
 */
export class TopicHistory implements TopicLog {
  readonly topic: string;
  readonly epoch: string;
  /** When it was last used, in milliseconds since 1970. */
  usedAt: number;

  readonly #options: TopicHistoryOptions;
  readonly #state: TopicState;
  /** A dropped entry leaves a hole, so that its publication is freed before the array is compacted. */
  #entries: (Entry | undefined)[] = [];
  /** Index of the first entry held. */
  #start = 0;
  #head: number;
  /** Length and number of all publications so far, dropped ones included. */
  #length = 0;
  #appended = 0;
  #bytes = 0; // that are held
  /** Publications after this offset stay, because readers still have to read them. */
  #released = Infinity;

  /** Creates an empty log. */
  constructor(topic: string, options: TopicHistoryOptions) {
    this.topic = topic;
    this.#options = options;
    this.epoch = options.epoch ?? randomEpoch();
    this.#head = options.head ?? 0;
    this.#state = new TopicState(options.removedUpTo ?? 0);
    this.usedAt = Date.now();
  }

  get head(): number {
    return this.#head;
  }

  /**
   * Appends a publication and returns its offset.
   *
   * @param at When it was published, in milliseconds since 1970. @default {Date.now()}
   */
  append(appended: Appended, at: number = Date.now()): number {
    const entry = this.#entryOf(++this.#head, appended, at, true);
    this.#appended++;
    this.usedAt = at;
    this.#entries.push(entry);
    if (entry.key !== undefined) this.#replace(entry.key, entry);
    this.#trim(at);
    return entry.offset;
  }

  /**
   * Adds the latest publication of a key that the log no longer holds. Must be called in the order of
   * offsets, before anything is appended.
   */
  restore(offset: number, appended: Appended & { readonly key: string }, at: number): void {
    this.#replace(appended.key, this.#entryOf(offset, appended, at, false));
  }

  read(offset: number, maxLength: number): readonly LoggedPublication[] | undefined {
    const from = this.#index(offset);
    if (from < this.#start || offset > this.#head) return undefined;
    const publications: LoggedPublication[] = [];
    let length = 0;
    for (let index = from; index < this.#entries.length; index++) {
      const entry = this.#entries[index] as Entry;
      length += entry.length;
      if (length > maxLength && publications.length > 0) break;
      publications.push(entry);
    }
    return publications;
  }

  lengthAfter(offset: number): number {
    const index = this.#index(offset);
    const next = this.#entries[Math.max(index, this.#start)];
    const held = next === undefined ? 0 : this.#length - next.end + next.length;
    const missing = Math.max(0, this.#start - index);
    return missing === 0
      ? held
      : Math.round(held + missing * this.#length / Math.max(1, this.#appended));
  }

  *latest(offset: number): Iterable<LoggedPublication> {
    for (const entry of this.#state.after(offset)) {
      if (entry.json !== undefined) yield entry;
    }
  }

  canCatchUp(offset: number): boolean {
    return this.#state.canCatchUp(offset);
  }

  *held(offset: number): Iterable<LoggedPublication> {
    const start = Math.max(this.#start, this.#index(offset));
    const first = this.#entries[start]?.offset ?? Infinity;
    for (const entry of this.#state.after(offset)) {
      if (entry.offset >= first) break;
      yield entry;
    }
    for (let index = start; index < this.#entries.length; index++) {
      yield this.#entries[index] as Entry;
    }
  }

  *newest(offset: number): Iterable<LoggedPublication> {
    yield* this.#state.after(offset);
    const last = this.#entries.at(-1);
    if (last !== undefined && !last.isLatest && last.offset > offset) yield last;
  }

  measure(): LogMeasure {
    const isCut = this.#appended > this.#entries.length - this.#start;
    return { bytes: this.#bytes, rate: publishRate(this.#entries, this.#start, isCut) };
  }

  retain(offset: number): void {
    this.#released = Math.min(this.#released, offset);
  }

  release(offset: number): void {
    this.#released = offset;
    this.#trim(Date.now());
  }

  /** Drops what the log has held for longer than its time to live. */
  prune(): void {
    this.#trim(Date.now());
  }

  /** Drops all of the log that its readers have read. The state stays. */
  dropLog(): void {
    this.#trim(Date.now(), 0);
  }

  /** Drops the oldest keys of the state beyond `count`, except those with a rank. The log stays. */
  forgetUnranked(count: number): void {
    for (const entry of this.#state.dropUnranked(count)) this.#freeUnheld(entry);
  }

  /** Drops the state, and all of the log that its readers have read. Offsets and epoch continue. */
  clear(): void {
    for (const entry of this.#state.clear()) this.#freeUnheld(entry);
    this.dropLog();
  }

  #entryOf(offset: number, appended: Appended, at: number, inLog: boolean): Entry {
    const { key, json, rank, event } = appended;
    const length = messageLength(this.topic, appended);
    this.#account(length);
    const end = inLog ? this.#length += length : 0;
    return { offset, key, json, rank, event, at, length, end, inLog, isLatest: key !== undefined };
  }

  /** Drops the publications that are past the bounds and that all readers have read. */
  #trim(now: number, size: number = this.#options.size): void {
    const { ttlMs } = this.#options;
    while (this.#start < this.#entries.length) {
      const first = this.#entries[this.#start] as Entry;
      const isKept = this.#entries.length - this.#start <= size && now - first.at < ttlMs;
      if (isKept || first.offset > this.#released) break;
      this.#dropFirst();
    }
    this.#compact();
  }

  #replace(key: string, entry: Entry): void {
    const replaced = this.#state.set(key, entry);
    if (replaced !== undefined) this.#freeUnheld(replaced);
  }

  #dropFirst(): void {
    const first = this.#entries[this.#start] as Entry;
    this.#entries[this.#start++] = undefined;
    first.inLog = false;
    this.#state.droppedFromLog(first);
    this.#freeUnheld(first);
  }

  #freeUnheld(entry: Entry): void {
    if (!entry.inLog && !entry.isLatest) this.#account(-entry.length);
  }

  #account(length: number): void {
    this.#bytes += length;
    this.#options.budget.used += length;
  }

  #compact(): void {
    if (this.#start < COMPACT_AT || this.#start * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#start = 0;
  }

  /** Index of the entry that follows an offset; it may be dropped already, or not there yet. */
  #index(offset: number): number {
    return this.#entries.length - (this.#head - offset);
  }
}

/** Returns a unique name for a log's life. */
export function randomEpoch(): string {
  return crypto.randomUUID().slice(0, 13);
}
