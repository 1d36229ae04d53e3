/**
 * The public types of the client.
 *
 * @module
 */

import type { LiveError } from "./error.ts";
import type { AnySchema, Checked, RowOf, View, ViewOptions, ViewQuery } from "./view_types.ts";

/** A message that carries a payload. */
export interface DataMessage<T = unknown> {
  /** Name of the topic. */
  readonly topic: string;
  /** Its position in the topic's log. */
  readonly offset: number;
  /**
   * What the message replaces: the newest message of a key is the key's state. A message without a
   * key is an event.
   */
  readonly key?: string;
  /** The payload. */
  readonly data: T;
  /** Present on a {@linkcode RemovalMessage} only. */
  readonly removed?: undefined;
  /** How many messages right before this one were left out, because this client was too slow for them. */
  readonly skipped?: number;
}

/** A message that takes its key out of the topic's state. */
export interface RemovalMessage extends Pick<DataMessage, "topic" | "offset" | "skipped"> {
  /** The key to forget. */
  readonly key: string;
  /** Distinguishes it from a {@linkcode DataMessage}. */
  readonly removed: true;
  /** A removal has no payload. */
  readonly data?: undefined;
}

/** A message of a topic. Test `removed` before using `data`. */
export type Message<T = unknown> = DataMessage<T> | RemovalMessage;

/** A topic has started, or resumed after the connection broke. */
export interface Start {
  /**
   * Whether nothing was missed. If not, forget what you hold: the topic's state follows, which is the
   * latest message of each key.
   */
  readonly recovered: boolean;
  /** Name of the log's life. Offsets of different epochs cannot be compared. */
  readonly epoch: string;
  /**
   * Offset of the last message that comes with the start. Messages after it are live, once the rest
   * of a history that was too large for one frame has arrived.
   */
  readonly offset: number;
}

/**
 * Handlers of a topic's messages. They are called in the order of events, and must not block. Their errors
 * are reported, and the subscription continues.
 *
 * A program that keeps the newest message of each key is right in every case if it
 * - forgets all of them in `onStart` unless `recovered`, and
 * - takes every message in `onMessage`, where `removed` means to forget the key.
 *
 * The snapshot, what was missed and what is new all arrive this way.
 */
export interface SubscribeOptions<T = unknown> {
  /** Called with each message, once. Without it, messages wait for an iteration. */
  onMessage?(message: Message<T>): void;
  /** Called before the messages of each start. */
  onStart?(start: Start): void;
  /** Called if the subscription ends although the program did not end it. */
  onError?(error: LiveError): void;
  /** Called once, when nothing more will follow, whatever the reason. */
  onEnd?(): void;
  /**
   * How many messages wait for a slow iteration, beside the newest of each key. When there are more,
   * messages that a newer one of the same key replaces are dropped, and so are the oldest messages without
   * a key. The next message says how many in `skipped`.
   *
   * @default {1_000}
   */
  readonly maxBuffered?: number;
}

/**
 * A subscription to a topic. Iterating it yields its messages, and leaving the loop unsubscribes. The
 * iteration ends with the subscription; it throws if that ended with an error.
 *
 * Messages wait for the iteration from the start of the subscription or, if there is an `onMessage`,
 * from the start of the iteration. A start that is not `recovered` drops those that wait.
 */
export interface Subscription<T = unknown> extends AsyncIterable<Message<T>> {
  /** Name of the topic. */
  readonly topic: string;
  /** Ends the subscription. No handler but `onEnd` is called any more. */
  unsubscribe(): void;
}

/** The server's first message on each connection. */
export interface Welcome {
  /** Id of the connection, for the operator's log. */
  readonly connection: string;
  /** The session's user; `null` on a server without an authority. */
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
 * The state of the connection: being established, open, waiting for the next attempt, or closed
 * permanently. `reason` is for people, `code` is the close code (1006 if there was none), and
 * `retryAt` is in milliseconds since 1970.
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
  /** Called with an error that a handler threw. @default {rethrows it as an uncaught error} */
  onError?(error: unknown): void;
  /**
   * Renews the session's cookie when the server has rejected it. In a browser, one tab at a time calls it. Return `false` if renewing is
   * impossible, which closes the connection permanently. If it throws, the client reports that and
   * repeats the call later, up to 20 times in a row. An error whose `status` or `response.status` is one
   * of Directus's denials (4xx) closes the connection permanently at once.
   *
   * {@linkcode refreshWith} creates such a function from Directus's SDK, and {@linkcode refreshAt} creates
   * one from an address.
   */
  refresh?(): Promise<boolean | void>;
  /**
   * Creates the WebSocket, for example with the cookie in a header outside of browsers. If it throws,
   * the connection is closed permanently.
   *
   * @default {(url) => new WebSocket(url)}
   */
  webSocket?(url: string): WebSocket;
}

/** The payloads of a program that does not declare any: each may be anything. */
export type AnyPayloads = Record<string, unknown>;

/** The payload of a topic: what the program declares for its prefix. */
export type PayloadOf<Payloads, Topic> = Topic extends `${infer Prefix}:${string}`
  ? Prefix extends keyof Payloads ? Payloads[Prefix] : unknown
  : unknown;

/**
 * A connection to the server, which reconnects automatically until it is closed.
 *
 * @typeParam Schema The items of the project's collections, as for Directus's SDK.
 * @typeParam Payloads The payloads of topics, by prefix.
 */
export interface Live<Schema = AnySchema, Payloads = AnyPayloads> {
  /** Its current state. */
  readonly state: LiveState;
  /** Subscribes to a topic, now and after each reconnect. Several subscriptions may share a topic. */
  subscribe<Topic extends `${keyof Payloads & string}:${string}`>(
    topic: Topic,
    options?: SubscribeOptions<PayloadOf<Payloads, Topic>>,
  ): Subscription<PayloadOf<Payloads, Topic>>;
  /** Subscribes to a topic whose payload the program names here. */
  subscribe<T = unknown>(topic: string, options?: SubscribeOptions<T>): Subscription<T>;
  /**
   * Follows a list of items: the rows that the query returns to the user, now and after each change.
   * Equal views share the work.
   */
  view<
    Collection extends keyof Schema & string,
    const Query extends ViewQuery<Schema, Collection>,
  >(
    collection: Collection,
    query?: Query extends Checked<Schema, Collection, Query> ? Query
      : Checked<Schema, Collection, Query>,
    options?: ViewOptions<RowOf<Schema, Collection, Query>>,
  ): View<RowOf<Schema, Collection, Query>>;
  /** Reconnects now if the client is waiting to; otherwise does nothing. */
  retry(): void;
  /** Closes the connection permanently, and with it all subscriptions. */
  close(): void;
}
