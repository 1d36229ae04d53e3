/**
 * The seam to a wire protocol: how what a log holds is written for one kind of client.
 *
 * @module
 */

import type { LoggedPublication, TopicLog } from "./broker.ts";
import type { ServerMessage } from "./messages.ts";

/** As much of a log as a wire names. */
export type LogName = Pick<TopicLog, "topic" | "epoch">;

/**
 * Renders messages. Subscribers with the same wire, at the same position of a log, share one
 * rendered frame, so a wire that has nothing of its own is one object for all its clients.
 *
 * A wire that belongs to one client may keep state: it renders in the order of sending, and what it
 * renders is sent.
 */
export interface Wire {
  /** How many messages one frame may carry; 1 forbids joining. */
  readonly maxMessages: number;
  /** Renders an answer to one client, as the text of a frame. */
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
