/**
 * The seam to where topics' logs are written: this process's memory, or a store that several
 * instances share.
 *
 * @module
 */

/** Something to append to a topic's log. */
export interface Publication {
  /** Name of the topic. */
  readonly topic: string;
  /** What the publication replaces: of each key only the latest counts as state. */
  readonly key?: string;
  /** The payload as JSON text, serialised once for all receivers. */
  readonly data: string;
}

/** Where a reader of a log stands: everything up to `offset` has been read. */
export interface Cursor {
  /**
   * Name of the log's life. Offsets of two epochs cannot be compared: a client that read up to
   * offset 17 before a restart would otherwise take the 17th message after it for known.
   */
  readonly epoch: string;
  /** Number of the last publication read; 0 before the first. */
  readonly offset: number;
}

/** Where a publication stands in its topic's log. */
export interface Position extends Cursor {
  /** Name of the topic. */
  readonly topic: string;
}

/** A message with its place in the log. */
export interface HeldMessage {
  /** Its number. */
  readonly offset: number;
  /** Outbound JSON. */
  readonly message: string;
}

/** A topic's log as its readers see it. Messages are outbound JSON, ready to send. */
export interface TopicLog {
  /** Name of the log's life. It changes if what several instances share was lost or set back. */
  readonly epoch: string;
  /** Offset of the newest publication; 0 if there is none. */
  readonly head: number;
  /**
   * Returns the messages that follow an offset, at least one if there is any, and no more than
   * fit into `maxLength` UTF-16 code units; `undefined` if the first of them is no longer held.
   */
  read(offset: number, maxLength: number): readonly string[] | undefined;
  /**
   * Returns the length of all messages that follow an offset, in UTF-16 code units. What is no
   * longer held counts as long as the others on the average.
   */
  lengthAfter(offset: number): number;
  /** Returns the latest message of each key, oldest first. */
  latest(): string[];
  /**
   * Returns what can still be told to a reader whose next message is no longer held: the latest
   * of each key, as far as they follow the offset, and then all that the log holds; in order.
   */
  held(offset: number): Iterable<HeldMessage>;
  /** Returns the newest state after an offset: the latest of each key and the last message. */
  newest(offset: number): Iterable<HeldMessage>;
  /**
   * Allows the log to drop, beyond its usual bounds, what all readers have read. Messages after
   * `offset` stay, so that a burst longer than the history is not lost before it was sent.
   */
  release(offset: number): void;
}

/** What a broker tells about the logs that are open. */
export interface BrokerEvents {
  /** A log that is open has grown, or has begun a new life. */
  changed(topic: string): void;
}

/** The broker cannot do what it was asked now; nothing is wrong with the question. */
export class BrokerUnavailable extends Error {
  /** Tells it from other errors. */
  override readonly name = "BrokerUnavailable";
  /** When to ask again, in milliseconds. */
  readonly retryAfterMs: number;

  /** Creates an error whose message says why, for people. */
  constructor(reason: string, retryAfterMs: number) {
    super(reason);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Appends to logs and keeps those that are open readable here. */
export interface Broker {
  /** Why it cannot be used now, for people; `undefined` while it can. */
  readonly trouble: string | undefined;
  /** Names who is told when an open log grows. Called once, before the first `open`. */
  listen(events: BrokerEvents): void;
  /**
   * Appends publications in their order, all or none.
   *
   * @returns Their positions, once they are in the logs.
   * @throws {BrokerUnavailable} If they are not, or if that cannot be told.
   */
  publish(publications: readonly Publication[]): Promise<Position[]>;
  /**
   * Resolves to a topic's log, which is kept current until it is closed.
   *
   * @throws {BrokerUnavailable} If it cannot be read now; it does not count as open then.
   */
  open(topic: string): Promise<TopicLog>;
  /**
   * Resolves once an open log holds all that was in it when this was called: a client may come from
   * an instance that is a moment ahead.
   *
   * @throws {BrokerUnavailable} If that cannot be told now.
   */
  refresh(topic: string): Promise<void>;
  /** Ends the interest in a topic's log; its history stays for those who come back. */
  close(topic: string): void;
  /** Frees timers and connections. Publishing afterwards is an error. */
  stop(): Promise<void>;
}
