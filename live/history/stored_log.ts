/**
 * A topic's log as a shared store holds it and announces it.
 *
 * @module
 */

import type { Cursor, LoggedPublication } from "../domain/broker.ts";

/** A publication as the store holds it. */
export interface StoredPublication extends Omit<LoggedPublication, "at"> {
  /**
   * The time at which the store took it, in microseconds since 1970, as digits. It distinguishes two
   * publications that got the same offset because the store was set back.
   */
  readonly at: string;
}

/** The store's answer to a read. */
export interface LogState extends Cursor {
  /** The store's time, in microseconds since 1970. */
  readonly now: number;
  /** Publications that follow the reader's offset. If some are missing, all publications that are held. */
  readonly publications: readonly StoredPublication[];
  /** The latest of each key, in the order of their offsets, if publications are missing. */
  readonly latest: readonly StoredPublication[];
  /** Offset of the newest removal that the log no longer holds; 0 if there is none. */
  readonly removedUpTo: number;
}

/** What the store announces. Without publications, it says that the log has begun a new life. */
export interface Announcement {
  /** Name of the log's life. */
  readonly epoch: string;
  /** What was appended, in order. */
  readonly publications: readonly StoredPublication[];
}
