/**
 * A topic's log in memory.
 *
 * @module
 */

import type { HeldMessage, TopicLog } from "../domain/broker.ts";
import { encodePublication } from "../domain/protocol.ts";

/** What all topics' histories hold together. */
export interface HistoryBudget {
  /** Length of all messages held, in UTF-16 code units. */
  used: number;
}

/** Bounds of one topic's history, and where its log begins. */
export interface TopicHistoryOptions {
  /** Name of the log's life. @default {a random one, so that no restart is taken for this life} */
  readonly epoch?: string;
  /** Offset of the last publication before the log begins. @default {0} */
  readonly head?: number;
  /** Messages kept for recovery, beyond those that readers still have to read. */
  readonly size: number;
  /** How long a message is kept, in milliseconds. */
  readonly ttlMs: number;
  /** Where to account for what is held. */
  readonly budget: HistoryBudget;
}

interface Entry extends HeldMessage {
  readonly key: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Length of all messages from the log's first to this one. */
  readonly end: number;
  /** Whether the log holds it, or the latest of its key, or both. */
  inLog: boolean;
  isLatest: boolean;
}

/** Dropped entries' holes are cut off the array when they are so many, and half of it. */
const COMPACT_AT = 256;

/**
 * A bounded log of publications and, beside it, the latest of each key.
 *
 * Offsets are dense: entry n of the array has the offset of the first plus n. The log keeps the
 * last `size` messages and, while it is being read, whatever its slowest reader still needs.
 */
export class TopicHistory implements TopicLog {
  readonly epoch: string;
  /** When it was last used, in milliseconds since the epoch. */
  usedAt: number;

  readonly #topic: string;
  readonly #options: TopicHistoryOptions;
  readonly #latest = new Map<string, Entry>();
  /** Dropped ones are holes, which free their messages, until they are cut off. */
  #entries: (Entry | undefined)[] = [];
  /** Index of the first entry held; those before it were dropped. */
  #start = 0;
  #head = 0;
  /** Length and number of all messages that were ever appended. */
  #length = 0;
  #appended = 0;
  #released = Infinity;

  /** Creates an empty log. */
  constructor(topic: string, options: TopicHistoryOptions) {
    this.#topic = topic;
    this.#options = options;
    this.epoch = options.epoch ?? randomEpoch();
    this.#head = options.head ?? 0;
    this.usedAt = Date.now();
  }

  get head(): number {
    return this.#head;
  }

  /**
   * Appends a publication and returns its offset.
   *
   * @param at When it was published, in milliseconds since the epoch. @default {Date.now()}
   */
  append(data: string, key?: string, at: number = Date.now()): number {
    const offset = ++this.#head;
    this.#appended++;
    const message = encodePublication(this.#topic, offset, data, key);
    const end = this.#length += message.length;
    const entry = { offset, key, message, at, end, inLog: true, isLatest: key !== undefined };
    this.usedAt = at;
    this.#entries.push(entry);
    this.#options.budget.used += message.length;
    if (key !== undefined) this.#replace(key, entry);
    this.#trim(at);
    return offset;
  }

  /**
   * Takes in the latest publication of a key that the log no longer holds. To be called in the
   * order of offsets, before anything is appended.
   */
  restore(offset: number, data: string, key: string, at: number): void {
    const message = encodePublication(this.#topic, offset, data, key);
    this.#options.budget.used += message.length;
    this.#replace(key, { offset, key, message, at, end: 0, inLog: false, isLatest: true });
  }

  read(offset: number, maxLength: number): readonly string[] | undefined {
    const from = this.#index(offset);
    if (from < this.#start || offset > this.#head) return undefined;
    const messages: string[] = [];
    let length = 0;
    for (let index = from; index < this.#entries.length; index++) {
      const { message } = this.#entries[index] as Entry;
      length += message.length;
      if (length > maxLength && messages.length > 0) break;
      messages.push(message);
    }
    return messages;
  }

  lengthAfter(offset: number): number {
    const index = this.#index(offset);
    const next = this.#entries[Math.max(index, this.#start)];
    const held = next === undefined ? 0 : this.#length - next.end + next.message.length;
    const missing = Math.max(0, this.#start - index);
    return missing === 0
      ? held
      : Math.round(held + missing * this.#length / Math.max(1, this.#appended));
  }

  latest(): string[] {
    this.prune();
    return Array.from(this.#latest.values(), (entry) => entry.message);
  }

  *held(offset: number): Iterable<HeldMessage> {
    const start = Math.max(this.#start, this.#index(offset));
    const first = this.#entries[start]?.offset ?? Infinity;
    for (const entry of this.#latest.values()) {
      if (entry.offset > offset && entry.offset < first) yield entry;
    }
    for (let index = start; index < this.#entries.length; index++) {
      yield this.#entries[index] as Entry;
    }
  }

  *newest(offset: number): Iterable<HeldMessage> {
    for (const entry of this.#latest.values()) {
      if (entry.offset > offset) yield entry;
    }
    const last = this.#entries.at(-1);
    if (last !== undefined && !last.isLatest && last.offset > offset) yield last;
  }

  release(offset: number): void {
    this.#released = offset;
    this.#trim(Date.now());
  }

  /** Drops what is older than the time to live. */
  prune(): void {
    const now = Date.now();
    this.#trim(now);
    for (const entry of this.#latest.values()) {
      if (now - entry.at < this.#options.ttlMs) break;
      this.#latest.delete(entry.key as string);
      this.#drop(entry, "isLatest");
    }
  }

  /** Drops everything that no reader still has to read; offsets and epoch go on. */
  clear(): void {
    for (const entry of this.#latest.values()) this.#drop(entry, "isLatest");
    this.#latest.clear();
    while (this.#start < this.#entries.length && this.#first().offset <= this.#released) {
      this.#dropFirst();
    }
    this.#compact();
  }

  /** Drops the messages that are past the bounds and that all readers have read. */
  #trim(now: number): void {
    const { size, ttlMs } = this.#options;
    while (this.#start < this.#entries.length) {
      const first = this.#first();
      const wanted = this.#entries.length - this.#start <= size && now - first.at < ttlMs;
      if (wanted || first.offset > this.#released) break;
      this.#dropFirst();
    }
    this.#compact();
  }

  #replace(key: string, entry: Entry): void {
    const replaced = this.#latest.get(key);
    this.#latest.delete(key); // so that the map stays in the order of offsets
    this.#latest.set(key, entry);
    if (replaced !== undefined) this.#drop(replaced, "isLatest");
  }

  #first(): Entry {
    return this.#entries[this.#start] as Entry;
  }

  #dropFirst(): void {
    this.#drop(this.#first(), "inLog");
    this.#entries[this.#start++] = undefined;
  }

  #drop(entry: Entry, from: "inLog" | "isLatest"): void {
    entry[from] = false;
    if (!entry.inLog && !entry.isLatest) this.#options.budget.used -= entry.message.length;
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

/** Returns a name for a log's life that no other life of it has. */
export function randomEpoch(): string {
  return crypto.randomUUID().slice(0, 13);
}
