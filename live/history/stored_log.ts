/**
 * A topic's log as a shared store holds it and announces it.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";

/** A publication as the store holds it. */
export interface StoredPublication {
  /** Its number. */
  readonly offset: number;
  /** When the store took it, in microseconds since the epoch, as digits. Tells it from others. */
  readonly at: string;
  /** What it replaces. */
  readonly key: string | undefined;
  /** The payload as JSON text; `undefined` if the key was removed. */
  readonly json: string | undefined;
}

/** What a read answers. */
export interface LogState extends Cursor {
  /** The store's time, in microseconds since the epoch. */
  readonly now: number;
  /** Publications that follow the reader's offset; or all that are held, if some are missing. */
  readonly publications: readonly StoredPublication[];
  /** The latest of each key, in the order of their offsets, if publications are missing. */
  readonly latest: readonly StoredPublication[];
  /** Offset of the newest removal that the log no longer holds; 0 if there is none. */
  readonly removedUpTo: number;
}

/** What the store announces. Without publications it says that the log has begun a new life. */
export interface Announcement {
  /** Name of the log's life. */
  readonly epoch: string;
  /** What was appended, in order. */
  readonly publications: readonly StoredPublication[];
}
