/**
 * The public types of the hooks.
 *
 * @module
 */

import type { LiveError } from "../error.ts";
import type {
  AnyPayloads,
  ConnectOptions,
  LiveState,
  Message,
  PayloadOf,
  SubscribeOptions,
} from "../types.ts";
import type { AnySchema, Checked, RowOf, ViewQuery } from "../view_types.ts";

/**
 * Where a program names the schema of its project and the payloads of its topics, so that all hooks
 * have their types:
 *
 * ```ts ignore
 * declare module "@live/client/react" {
 *   interface Register {
 *     schema: Schema;
 *     payloads: { event: Position };
 *   }
 * }
 * ```
 */
// deno-lint-ignore no-empty-interface -- programs add these properties
export interface Register {}

/** The schema that the program has registered; without one, any collections. */
export type RegisteredSchema = Register extends { schema: infer Schema } ? Schema : AnySchema;

/** The payloads that the program has registered; without them, any payload. */
export type RegisteredPayloads = Register extends { payloads: infer Payloads } ? Payloads
  : AnyPayloads;

/** A topic whose payload is registered by its prefix. */
export type RegisteredTopic = `${keyof RegisteredPayloads & string}:${string}`;

/** A query whose paths all lead to fields of the schema; see {@linkcode Checked}. */
export type CheckedQuery<Schema, Collection extends keyof Schema, Query> = Query extends
  Checked<Schema, Collection, Query> ? Query : Checked<Schema, Collection, Query>;

/** The progress of a topic or a view. */
export interface Progress {
  /**
   * `loading` until the first data has arrived, then `live`, and `ended` when nothing more will follow.
   * It stays `live` while the connection is being re-established: see `useLive` for that.
   */
  readonly status: "loading" | "live" | "ended";
  /** Why it ended. */
  readonly error?: LiveError | undefined;
}

/** A topic, as components show it. */
export interface TopicState<T = unknown> extends Progress {
  /** The newest payload of each key, in the order in which the keys last changed. */
  readonly items: ReadonlyMap<string, T>;
  /** The newest message, with a key or without. */
  readonly last: Message<T> | undefined;
}

/** A view, as components show it. */
export interface ViewState<Row = unknown> extends Progress {
  /**
   * The rows in the query's order; `undefined` until they have arrived. Rows that have not changed stay
   * the same objects.
   */
  readonly rows: readonly Row[] | undefined;
}

/** A value that changes. Frameworks follow it, and it is the same object until it changes. */
export interface Store<Value> {
  /** Calls back after each change, until the returned function is called. */
  readonly subscribe: (onChange: () => void) => () => void;
  /** Returns the current value. */
  readonly get: () => Value;
  /** The value before anything has arrived, which is also what a server renders. */
  readonly initial: Value;
}

/** Handlers of all messages of a topic; see {@linkcode SubscribeOptions}. */
export type MessageHandlers<T = unknown> = Pick<
  SubscribeOptions<T>,
  "onStart" | "onMessage" | "onError"
>;

/**
 * One connection that all components of a page share. It is opened by the first component that needs
 * it, and closed when the last one has been gone for a second.
 *
 * @typeParam Schema The items of the project's collections, as for Directus's SDK.
 */
export interface SharedLive<Schema = RegisteredSchema> {
  /** The state of the connection. Following it opens the connection. */
  readonly connection: Store<LiveState>;
  /**
   * The state of a topic. Stores of the same topic share one subscription.
   *
   * @param topic Name of the topic; `undefined` if the program does not know it yet.
   */
  topic<Topic extends RegisteredTopic>(
    topic: Topic | undefined,
  ): Store<TopicState<PayloadOf<RegisteredPayloads, Topic>>>;
  /** The state of a topic whose payload the program names here. */
  topic<T = unknown>(topic: string | undefined): Store<TopicState<T>>;
  /**
   * The rows of a view. Stores of equal views share one subscription.
   *
   * @param collection Name of the collection; `undefined` if the program does not know it yet.
   * @param query Which rows and which of their fields.
   */
  view<
    Collection extends keyof Schema & string,
    const Query extends ViewQuery<Schema, Collection>,
  >(
    collection: Collection | undefined,
    query?: CheckedQuery<Schema, Collection, Query>,
  ): Store<ViewState<RowOf<Schema, Collection, Query>>>;
  /**
   * Passes every message of a topic to handlers. A state lacks messages without a key, and messages that
   * were replaced before anything showed them.
   *
   * @returns A function that unsubscribes.
   */
  subscribe<Topic extends RegisteredTopic>(
    topic: Topic | undefined,
    handlers: MessageHandlers<PayloadOf<RegisteredPayloads, Topic>>,
  ): () => void;
  /** Hands over the messages of a topic whose payload the program names here. */
  subscribe<T = unknown>(topic: string | undefined, handlers: MessageHandlers<T>): () => void;
  /**
   * Connects now. If the connection was lost, it does not wait any longer. If it was closed permanently, it
   * connects again, for example after the user has logged in. It also subscribes again to topics and views
   * that had ended with an error.
   */
  retry(): void;
}

/** How to connect; see {@linkcode ConnectOptions}. */
export type SharedOptions = ConnectOptions;
