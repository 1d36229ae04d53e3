/**
 * The part of a connection that the hub uses.
 *
 * @module
 */

import type { Wire } from "../domain/wire.ts";

/** A client that receives frames. */
export interface Subscriber {
  /** How messages are written for it. */
  readonly wire: Wire;
  /** Whether it has ended. Nothing is sent to it any more. */
  readonly ended: boolean;
  /** Whether its socket can take another frame without holding much unsent. */
  readonly hasRoom: boolean;
  /** Whether it belongs to the server itself, so that the metrics do not count it. @default {false} */
  readonly isInternal?: boolean;
  /**
   * Whether a start holds the whole state, even if that is long. If it resumes instead, the start is empty,
   * and what it missed follows as messages. @default {false}
   */
  readonly startsWhole?: boolean;
  /** Passes a frame to its socket. Returns whether the socket took it. Never throws. */
  deliver(frame: string): boolean;
}
