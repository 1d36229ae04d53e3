/**
 * The messages between browser and server, as types.
 *
 * @module
 */

import type { User } from "./authority.ts";
import type { Cursor, LoggedPublication } from "./broker.ts";

/** A client subscribes to a topic or to a view: the message names one of them. */
export interface SubscribeRequest {
  /** Discriminates the union. */
  readonly type: "subscribe";
  /** Name of the topic. */
  readonly topic?: string | undefined;
  /** The view's collection and query, which the session parses. */
  readonly view?: unknown;
  /** Returned with the answer. */
  readonly id?: string | undefined;
  /** The client's position, if it has read some of the log already. */
  readonly since?: Cursor | undefined;
}

/** A client unsubscribes from a topic. */
export interface UnsubscribeRequest {
  /** Discriminates the union. */
  readonly type: "unsubscribe";
  /** Name of the topic. */
  readonly topic: string;
  /** Returned with the answer. */
  readonly id?: string | undefined;
}

/** A client asks whether the connection is alive. */
export interface PingMessage {
  /** Tells the messages apart. */
  readonly type: "ping";
  /** Comes back on the answer. */
  readonly id?: string | undefined;
}

/** A client's message about a topic. */
export type TopicRequest = SubscribeRequest | UnsubscribeRequest;

/** A message from a client. */
export type ClientMessage = TopicRequest | PingMessage;

/** Why the server refused a client's message. */
export type ErrorCode =
  | "protocol-violation"
  | "bad-topic"
  | "bad-view"
  | "forbidden"
  | "unavailable"
  | "limit";

/** The first message on every connection. */
export interface WelcomeMessage {
  /** Discriminates the union. */
  readonly type: "welcome";
  /** Id of the connection, by which an operator finds it in the log. */
  readonly connection: string;
  /** The user of the session; `null` on a server without an authority. */
  readonly user: User | null;
  /** Id of the server's instance. */
  readonly instance: string;
}

/** A subscription starts, or starts over, at a position of the topic's log. */
export interface SubscribedMessage {
  /** Discriminates the union. */
  readonly type: "subscribed";
  /** Name of the topic. */
  readonly topic: string;
  /** The request's id. */
  readonly id?: string | undefined;
  /** Name of the log's life. */
  readonly epoch: string;
  /** Everything after this offset follows as messages. */
  readonly offset: number;
  /** Whether everything that followed `since` is sent; otherwise the client starts over. */
  readonly recovered: boolean;
  /** The first of what the client missed, or of the snapshot; the rest follows as messages. */
  readonly messages: readonly LoggedPublication[];
}

/** A subscription has ended. */
export interface UnsubscribedMessage {
  /** Discriminates the union. */
  readonly type: "unsubscribed";
  /** Name of the topic. */
  readonly topic: string;
  /** The request's id. */
  readonly id?: string | undefined;
  /** Why it ended without a request. */
  readonly reason?: "forbidden" | "changed";
}

/** The server refused a client's message. The connection stays open. */
export interface ErrorMessage {
  /** Discriminates the union. */
  readonly type: "error";
  /** The reason, for programs. */
  readonly code: ErrorCode;
  /** The reason, for people. */
  readonly message: string;
  /** The request's id, where it could be read. */
  readonly id?: string | undefined;
  /** The request's topic. */
  readonly topic?: string | undefined;
  /** When to try again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** The answer to a ping. */
export interface PongMessage {
  /** Tells the messages apart. */
  readonly type: "pong";
  /** The ping's id. */
  readonly id?: string | undefined;
}

/** A message to one client, as opposed to a publication. */
export type ServerMessage =
  | WelcomeMessage
  | SubscribedMessage
  | UnsubscribedMessage
  | PongMessage
  | ErrorMessage;
