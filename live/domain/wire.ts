/**
 * The seam to a wire protocol: how messages are written for one kind of client.
 *
 * @module
 */

import type { LoggedPublication, TopicLog } from "./broker.ts";
import type { ServerMessage } from "./messages.ts";

/** The part of a log that a wire mentions. */
export type LogName = Pick<TopicLog, "topic" | "epoch">;

/**
 * Renders messages. Subscribers with the same wire, at the same position of a log, share one
 * rendered frame, so all clients should share one wire unless it has state.
 *
 * A wire of one client may have state: it renders in the order of sending, and everything that it
 * renders is sent, unless the connection ends.
 */
export interface Wire {
  /**
   * Whether a publication may be in the same frame as the publications rendered right before it. A wire
   * with this method puts only one topic into a frame. @default {always, and a frame has several topics}
   */
  joins?(publication: LoggedPublication): boolean;
  /** Renders an answer to one client, as the text of a frame that can also be joined with others. */
  answer(message: ServerMessage): string;
  /**
   * Renders a publication, as a part of a frame.
   *
   * @param skipped How many publications right before it the subscriber will not get.
   */
  publication(log: LogName, publication: LoggedPublication, skipped: number): string;
  /** Joins parts, at least one, to the text of a frame. */
  frame(parts: readonly string[]): string;
}
