/**
 * What a program sees of the client.
 *
 * @module
 */

import type { LiveError } from "./error.ts";

/** A publication. */
export interface Message<T = unknown> {
  /** Name of the topic. */
  readonly topic: string;
  /** Its place in the topic's log. */
  readonly offset: number;
  /** What it replaces: the newest message of a key is the key's state. Without one, an event. */
  readonly key?: string;
  /** The payload. */
  readonly data: T;
  /** How many messages right before it are left out, as this client was too slow for them. */
  readonly skipped?: number;
}

/** A topic has begun, or goes on after a break. Its messages follow. */
export interface Start {
  /** Whether nothing was missed. If not, forget what is held: what follows is all there is. */
  readonly recovered: boolean;
  /** Name of the log's life. */
  readonly epoch: string;
  /** Messages up to this offset are history, those after it are live. */
  readonly offset: number;
}

/**
 * What to do with a topic's messages. Handlers are called in the order in which things happened
 * and must not block; what they throw is reported and stops nothing.
 *
 * A program that keeps the newest message of each key is right in every case if it forgets them
 * all in `onStart` unless `recovered`, and takes every message in `onMessage`: the snapshot, what
 * was missed, and what is new all come that way.
 */
export interface SubscribeOptions<T = unknown> {
  /** Called with each message, once. Without it messages are kept for iteration. */
  onMessage?(message: Message<T>): void;
  /** Called before the messages of each start. */
  onStart?(start: Start): void;
  /** Called if the subscription ends for a reason other than a call of this program. */
  onError?(error: LiveError): void;
  /** Called once, when nothing will follow, whatever the reason. */
  onEnd?(): void;
  /**
   * How many messages wait for an iteration that is slow. Past it an older message of the same
   * key goes, else the oldest; the next one says so in `skipped`.
   *
   * @default {1_000}
   */
  readonly maxBuffered?: number;
}

/**
 * A subscription to a topic. Iterating it gives its messages; leaving the loop unsubscribes. The
 * iteration ends when the subscription does, by throwing if that was for an error. Messages wait
 * for it from the beginning, or if there is an `onMessage` as well, from its own beginning. At a
 * start that is not `recovered` those that wait are dropped.
 */
export interface Subscription<T = unknown> extends AsyncIterable<Message<T>> {
  /** Name of the topic. */
  readonly topic: string;
  /** Ends the subscription. No handler but `onEnd` is called any more. */
  unsubscribe(): void;
}

/** What the server tells first on each connection. */
export interface Welcome {
  /** Id of the connection, for the operator's log. */
  readonly connection: string;
  /** Whose session it is; `null` on a server that asks nobody. */
  readonly user: {
    readonly id: string;
    readonly email: string | null;
    readonly role: string | null;
    readonly first_name: string | null;
    readonly last_name: string | null;
  } | null;
  /** Id of the server's instance. */
  readonly instance: string;
}

/**
 * How the connection is: being made, open, broken until a retry, or closed for good. `reason` is
 * for people, `code` is the close code (1006 if there was none), `retryAt` is in milliseconds
 * since 1970.
 */
export type LiveState =
  | { readonly phase: "connecting" }
  | { readonly phase: "open"; readonly welcome: Welcome }
  | {
    readonly phase: "waiting";
    readonly reason: string;
    readonly code: number;
    readonly retryAt: number;
  }
  | { readonly phase: "closed"; readonly reason: string; readonly code: number };

/** How to connect. */
export interface ConnectOptions {
  /** Called when the state has changed. */
  onState?(state: LiveState): void;
  /** Called with what a handler threw; without it, it is as if nobody had caught that. */
  onError?(error: unknown): void;
  /**
   * Makes the session's cookie a fresh one when the server says that it is no longer good, for
   * example by Directus's `POST /auth/refresh`. Return `false` if that cannot be done, which
   * closes the connection for good; what it throws is reported, and it is called again later.
   */
  refresh?(): Promise<boolean | void>;
  /**
   * Creates the WebSocket: outside of browsers, to send the cookie along. What it throws closes
   * the connection for good.
   *
   * @default {(url) => new WebSocket(url)}
   */
  webSocket?(url: string): WebSocket;
}

/** A connection to the server, which comes back by itself until it is closed. */
export interface Live {
  /** How it is now. */
  readonly state: LiveState;
  /** Subscribes to a topic, now and after each break. Topics can be subscribed several times. */
  subscribe<T = unknown>(topic: string, options?: SubscribeOptions<T>): Subscription<T>;
  /** Ends a wait for a retry at once; otherwise does nothing. */
  retry(): void;
  /** Closes it, and with it all subscriptions, for good. */
  close(): void;
}
