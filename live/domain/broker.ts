/**
 * The seam to the store of topics' logs: this process's memory, or a store that several instances
 * share.
 *
 * @module
 */

import type { Publication } from "./publication.ts";

/** A reader's position in a log: everything up to `offset` has been read. */
export interface Cursor {
  /**
   * Name of the log's life. Offsets of two epochs cannot be compared: a client that had read up to
   * offset 17 before a restart would otherwise skip the first 17 messages after it.
   */
  readonly epoch: string;
  /** Number of the last publication read; 0 before the first. */
  readonly offset: number;
}

/** A publication's position in its topic's log. */
export interface Position extends Cursor {
  /** Name of the topic. */
  readonly topic: string;
}

/** A publication as a topic's log holds it. */
export interface LoggedPublication {
  /** Its number. */
  readonly offset: number;
  /** What it replaces; `undefined` for an event, which is in the log but not in the state. */
  readonly key: string | undefined;
  /** The payload as JSON text; `undefined` if the key was removed. */
  readonly json: string | undefined;
  /** When it was published, in milliseconds since 1970. */
  readonly at: number;
  /** The row's place in a view: rows sorted by rank are in the view's order. */
  readonly rank?: string | undefined;
  /** What happened to the row of an open view, if that is known. */
  readonly event?: ItemEvent | undefined;
}

/** What can happen to an item. */
export type ItemEvent = "create" | "update" | "delete";

/** Length of a message around its topic, key and payload, in UTF-16 code units. */
const ENVELOPE_LENGTH = 48;

/**
 * Returns the approximate length of a publication as a message, in UTF-16 code units: what it counts
 * for in frames, in a slow consumer's backlog, and in the history's budget.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { messageLength } from "./broker.ts";
 *
 * assertEquals(messageLength("event:42", { key: "car-7", json: '{"x":1}' }), 68);
 * ```
 */
export function messageLength(
  topic: string,
  { key = "", json = "" }: Pick<LoggedPublication, "key" | "json">,
): number {
  return ENVELOPE_LENGTH + topic.length + key.length + json.length;
}

/**
 * A topic's log as its readers see it.
 *
 * A reader that applies what it reads in order ends with the topic's state, whether it reads every
 * publication or only what {@linkcode TopicLog.held} and {@linkcode TopicLog.newest} return. The one
 * exception is a reader that cannot catch up: see {@linkcode TopicLog.canCatchUp}.
 */
export interface TopicLog {
  /** Name of the topic. */
  readonly topic: string;
  /** Name of the log's life. It changes if a shared store was lost or set back. */
  readonly epoch: string;
  /** Offset of the newest publication; 0 if there is none. */
  readonly head: number;
  /**
   * Returns the publications that follow an offset, at least one if there is any, and no more than
   * `maxLength` UTF-16 code units of them; `undefined` if the first of them is no longer held.
   */
  read(offset: number, maxLength: number): readonly LoggedPublication[] | undefined;
  /**
   * Returns the length of all publications that follow an offset, in UTF-16 code units. Those that
   * are no longer held count as long as the average.
   */
  lengthAfter(offset: number): number;
  /** Returns the latest publication of each key that follows an offset, oldest first: the state. */
  latest(offset: number): Iterable<LoggedPublication>;
  /**
   * Returns whether a reader at an offset can learn of every change of the state that follows it;
   * `false` if a removal that follows is no longer held, so that the reader has to start over.
   */
  canCatchUp(offset: number): boolean;
  /**
   * Returns all that is held after an offset, in order: the latest of each key that precedes the log,
   * and then the log.
   */
  held(offset: number): Iterable<LoggedPublication>;
  /**
   * Returns the newest state after an offset, in order: the latest of each key, removals included,
   * and the last publication.
   */
  newest(offset: number): Iterable<LoggedPublication>;
  /** Measures the log, in the time of a few steps. */
  measure(): LogMeasure;
  /** Keeps the publications after an offset until the next {@linkcode TopicLog.release}. */
  retain(offset: number): void;
  /**
   * Allows the log to drop, beyond its usual bounds, what all readers have read. Publications after
   * `offset` stay, so that a burst longer than the history is not lost before it was sent.
   */
  release(offset: number): void;
}

/** How large and how busy a log is. */
export interface LogMeasure {
  /** Size of what it holds, in UTF-16 code units. */
  readonly bytes: number;
  /** Publications a second, over the last ten seconds. */
  readonly rate: number;
}

/** The receiver of a broker's events. */
export interface BrokerEvents {
  /** Called when an open log has grown or has begun a new life. */
  changed(topic: string): void;
}

/** The broker cannot do this now. The request itself is valid. */
export class BrokerUnavailable extends Error {
  /** Distinguishes it from other errors. */
  override readonly name = "BrokerUnavailable";
  /** When to try again, in milliseconds. */
  readonly retryAfterMs: number;

  /** Creates an error whose message gives the reason. */
  constructor(reason: string, retryAfterMs: number) {
    super(reason);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Appends to logs, and keeps open logs readable in this process. */
export interface Broker {
  /** Why it cannot be used now, for an operator; `undefined` while it can. */
  readonly trouble: string | undefined;
  /** Why some topics cannot be used although others can, for an operator. @default {none} */
  readonly partialTrouble?: string | undefined;
  /** Sets the receiver of events. Called once, before the first `open`. */
  listen(events: BrokerEvents): void;
  /**
   * Appends publications in their order, all or none.
   *
   * @returns Their positions, once they are in the logs.
   * @throws {BrokerUnavailable} If they are not in the logs, or if that is not known.
   */
  publish(publications: readonly Publication[]): Promise<Position[]>;
  /**
   * Opens a topic's log, which is kept current until it is closed.
   *
   * @throws {BrokerUnavailable} If it cannot be read now. Then the topic is not open.
   */
  open(topic: string): Promise<TopicLog>;
  /**
   * Brings an open log up to date with the store. A client may come from another instance, which is
   * slightly ahead.
   *
   * @throws {BrokerUnavailable} If the store cannot be read now.
   */
  refresh(topic: string): Promise<void>;
  /** Closes a topic's log. Its history stays for clients that come back. */
  close(topic: string): void;
  /** Frees timers and connections. Publishing afterwards is an error. */
  stop(): Promise<void>;
}
