/**
 * The messages from the server, as its frames carry them.
 *
 * @module
 */

import type { DataMessage, Message, RemovalMessage, Welcome } from "./types.ts";

/** A position in a topic's log. Offsets of different epochs cannot be compared. */
export interface Cursor {
  /** Name of the log's life. */
  readonly epoch: string;
  /** Offset of the last message that was read. */
  readonly offset: number;
}

/**
 * A topic starts or resumes. It answers the request `id`; without an `id`, the server sent it without a
 * request.
 */
export interface SubscribedMessage extends Cursor {
  /** Tells the messages apart. */
  readonly type: "subscribed";
  /** Name of the topic. */
  readonly topic: string;
  /** The request's id. */
  readonly id?: string;
  /** Whether everything after `since` follows; otherwise the topic's state does. */
  readonly recovered: boolean;
  /** The first messages; the rest comes as ordinary messages. */
  readonly messages: readonly Message[];
}

/** A request was refused. */
export interface ErrorMessage {
  /** Tells the messages apart. */
  readonly type: "error";
  /** Why, for programs. */
  readonly code: string;
  /** Why, for people. */
  readonly message: string;
  /** The request's id. */
  readonly id?: string;
  /** The request's topic, if it named one. */
  readonly topic?: string;
  /** When to try again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A message about one topic. */
export type TopicMessage =
  | Message & { readonly type: "message"; readonly id?: undefined }
  | SubscribedMessage
  | {
    readonly type: "unsubscribed";
    readonly topic: string;
    readonly id?: string;
    readonly reason?: string;
  }
  | ErrorMessage;

/** A message from the server. */
export type ServerMessage =
  | TopicMessage
  | { readonly type: "pong"; readonly id?: string }
  | Welcome & { readonly type: "welcome" };

/** What a request subscribes to: a topic by its name, or a view, whose topic the answer names. */
export type Target =
  | { readonly topic: string }
  | { readonly view: { readonly collection: string; readonly query: object } };

/** A message of a view: a row and its position, or the removal of one. */
export type RowMessage =
  | DataMessage & { readonly key: string; readonly rank: string }
  | RemovalMessage & { readonly rank?: undefined };
