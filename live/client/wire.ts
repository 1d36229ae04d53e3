/**
 * The messages from the server, as its frames carry them.
 *
 * @module
 */

import type { Message, Welcome } from "./types.ts";

/** A position in a topic's log. Offsets of different epochs cannot be compared. */
export interface Cursor {
  /** Name of the log's life. */
  readonly epoch: string;
  /** Offset of the last message that was read. */
  readonly offset: number;
}

/** A topic starts or resumes: the answer to the request `id`, or unasked and without one. */
export interface SubscribedMessage extends Cursor {
  /** Tells the messages apart. */
  readonly type: "subscribed";
  /** Name of the topic. */
  readonly topic: string;
  /** The request's id. */
  readonly id?: string;
  /** Whether everything after `since` follows; otherwise the topic's state does. */
  readonly recovered: boolean;
  /** The first of what follows; the rest comes as ordinary messages. */
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
