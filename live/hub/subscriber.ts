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
  /** Whether it belongs to the server itself: the metrics count clients. @default {false} */
  readonly isInternal?: boolean;
  /**
   * Whether a start holds the whole state, however long that is, or nothing: what the subscriber missed
   * then follows as messages. @default {false}
   */
  readonly startsWhole?: boolean;
  /** Hands a frame to its socket. Returns whether the socket took it. Never throws. */
  deliver(frame: string): boolean;
}
