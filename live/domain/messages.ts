/**
 * The messages between browser and server, as types.
 *
 * @module
 */

import type { User } from "./authority.ts";
import type { Cursor, LoggedPublication } from "./broker.ts";

/** A client wants a topic. */
export interface SubscribeRequest {
  /** Tells the messages apart. */
  readonly type: "subscribe";
  /** Name of the topic. */
  readonly topic: string;
  /** Comes back on the answer. */
  readonly id?: string | undefined;
  /** Up to where the client has read already, if it was here before. */
  readonly since?: Cursor | undefined;
}

/** A client no longer wants a topic. */
export interface UnsubscribeRequest {
  /** Tells the messages apart. */
  readonly type: "unsubscribe";
  /** Name of the topic. */
  readonly topic: string;
  /** Comes back on the answer. */
  readonly id?: string | undefined;
}

/** A message from a client. */
export type ClientMessage = SubscribeRequest | UnsubscribeRequest;

/** Why a client's message was refused. */
export type ErrorCode =
  | "protocol-violation"
  | "bad-topic"
  | "forbidden"
  | "unavailable"
  | "limit";

/** The first message on every connection. */
export interface WelcomeMessage {
  /** Tells the messages apart. */
  readonly type: "welcome";
  /** Id of the connection, for the operator's log. */
  readonly connection: string;
  /** Whose session it is; `null` on a server without an authority. */
  readonly user: User | null;
  /** Id of the server's instance. */
  readonly instance: string;
}

/** A subscription has begun at a position of the topic's log. */
export interface SubscribedMessage {
  /** Tells the messages apart. */
  readonly type: "subscribed";
  /** Name of the topic. */
  readonly topic: string;
  /** The request's id. */
  readonly id?: string | undefined;
  /** Name of the log's life. */
  readonly epoch: string;
  /** The last offset before what will arrive live. */
  readonly offset: number;
  /** Whether everything that followed `since` is sent; otherwise `messages` begin the snapshot. */
  readonly recovered: boolean;
  /** The first of what was missed, or of the latest of each key; the rest follows as messages. */
  readonly messages: readonly LoggedPublication[];
}

/** A subscription has ended. */
export interface UnsubscribedMessage {
  /** Tells the messages apart. */
  readonly type: "unsubscribed";
  /** Name of the topic. */
  readonly topic: string;
  /** The request's id. */
  readonly id?: string | undefined;
  /** Why it ended unasked. */
  readonly reason?: "forbidden";
}

/** A client's message was refused. The connection stays. */
export interface ErrorMessage {
  /** Tells the messages apart. */
  readonly type: "error";
  /** Why, for programs. */
  readonly code: ErrorCode;
  /** Why, for people. */
  readonly message: string;
  /** The request's id, where it could be read. */
  readonly id?: string | undefined;
  /** The request's topic. */
  readonly topic?: string | undefined;
  /** When to try again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** An answer to one client. A wire renders it, as it does publications. */
export type ServerMessage =
  | WelcomeMessage
  | SubscribedMessage
  | UnsubscribedMessage
  | ErrorMessage;
