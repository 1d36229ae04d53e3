/**
 * The messages from the server, as they stand in its frames.
 *
 * @module
 */

import type { Message, Welcome } from "./types.ts";

/** A place in a topic's log; offsets of different epochs have nothing to do with each other. */
export interface Cursor {
  /** Name of the log's life. */
  readonly epoch: string;
  /** How many messages it had. */
  readonly offset: number;
}

/** A topic begins, as asked by `id`; or begins anew unasked, without one. */
export interface SubscribedMessage extends Cursor {
  /** Tells the messages apart. */
  readonly type: "subscribed";
  /** Name of the topic. */
  readonly topic: string;
  /** The request's id. */
  readonly id?: string;
  /** Whether `messages` are all that followed `since`; otherwise the latest of each key. */
  readonly recovered: boolean;
  /** What was missed, or the snapshot. */
  readonly messages: readonly Message[];
}

/** A message about one topic. */
export type TopicMessage =
  | Message & { readonly type: "message" }
  | SubscribedMessage
  | { readonly type: "unsubscribed"; readonly topic: string; readonly reason?: string }
  | {
    readonly type: "error";
    readonly code: string;
    readonly message: string;
    readonly id?: string;
    readonly topic?: string;
    readonly retryAfterMs?: number;
  };

/** A message from the server. */
export type ServerMessage = TopicMessage | Welcome & { readonly type: "welcome" };
