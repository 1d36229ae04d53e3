"use client";
/**
 * Hooks for React, from version 18. All components below a provider share one connection.
 *
 * @example Show a view.
 * ```tsx ignore
 * import { createLive, LiveProvider, useView } from "@live/client/react";
 *
 * const live = createLive("wss://live.example.com");
 *
 * function Events() {
 *   const { rows, error } = useView("events", { fields: ["id", "title"], sort: ["title"] });
 *   if (error) return <p>{error.message}</p>;
 *   return <ul>{rows?.map(({ id, title }) => <li key={id}>{title}</li>)}</ul>;
 * }
 *
 * root.render(<LiveProvider live={live}><Events /></LiveProvider>);
 * ```
 *
 * @module
 */

// @ts-types="./react_api.d.ts"
import {
  type Context,
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from "react";
import type { LiveState, PayloadOf } from "../types.ts";
import type { RowOf, ViewQuery } from "../view_types.ts";
import type {
  CheckedQuery,
  MessageHandlers,
  RegisteredPayloads,
  RegisteredSchema,
  RegisteredTopic,
  SharedLive,
  Store,
  TopicState,
  ViewState,
} from "./types.ts";

export { createLive, LiveError } from "./shared.ts";
export type * from "./shared.ts";

const LiveContext: Context<SharedLive | undefined> = createContext<SharedLive | undefined>(
  undefined,
);

/** Properties of {@linkcode LiveProvider}. */
export interface LiveProviderProps {
  /** The connection, created once outside of all components. */
  readonly live: SharedLive;
  /** The components that use it. */
  readonly children?: ReactNode;
}

/** Provides the connection to all components below it. */
export function LiveProvider({ live, children }: LiveProviderProps): ReactElement {
  return createElement(LiveContext.Provider, { value: live }, children);
}

/**
 * Follows a topic. The component is rendered again once for all messages that arrive together.
 *
 * @param topic Name of the topic; `undefined` follows none.
 */
export function useTopic<Topic extends RegisteredTopic>(
  topic: Topic | undefined,
): TopicState<PayloadOf<RegisteredPayloads, Topic>>;
/** Follows a topic whose payload the program names here. */
export function useTopic<T = unknown>(topic: string | undefined): TopicState<T>;
export function useTopic<T>(topic: string | undefined): TopicState<T> {
  const live = useShared();
  return useStore(useMemo(() => live.topic<T>(topic), [live, topic]));
}

/**
 * Follows a view. Queries are compared by value, so they need not be the same object.
 *
 * @param collection Name of the collection; `undefined` follows none.
 * @param query Which rows and which of their fields.
 */
export function useView<
  Collection extends keyof RegisteredSchema & string,
  const Query extends ViewQuery<RegisteredSchema, Collection>,
>(
  collection: Collection | undefined,
  query?: CheckedQuery<RegisteredSchema, Collection, Query>,
): ViewState<RowOf<RegisteredSchema, Collection, Query>> {
  const live = useShared();
  const key = JSON.stringify(query);
  return useStore(useMemo(() => live.view(collection, query), [live, collection, key]));
}

/** Follows the state of the connection. */
export function useLive(): LiveState {
  return useStore(useShared().connection);
}

/**
 * Hands every message of a topic to handlers, without rendering the component again.
 *
 * @param topic Name of the topic; `undefined` follows none.
 * @param handlers They may be new functions in each rendering; the newest ones are called.
 */
export function useMessages<Topic extends RegisteredTopic>(
  topic: Topic | undefined,
  handlers: MessageHandlers<PayloadOf<RegisteredPayloads, Topic>>,
): void;
/** Hands over the messages of a topic whose payload the program names here. */
export function useMessages<T = unknown>(
  topic: string | undefined,
  handlers: MessageHandlers<T>,
): void;
export function useMessages<T>(
  topic: string | undefined,
  handlers: MessageHandlers<T>,
): void {
  const live = useShared();
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() =>
    live.subscribe<T>(topic, {
      onStart: (start) => latest.current.onStart?.(start),
      onMessage: (message) => latest.current.onMessage?.(message),
      onError: (error) => latest.current.onError?.(error),
    }), [live, topic]);
}

function useShared(): SharedLive {
  const live = useContext(LiveContext);
  if (live === undefined) throw new Error("There is no <LiveProvider> around this component");
  return live;
}

function useStore<Value>({ subscribe, get, initial }: Store<Value>): Value {
  return useSyncExternalStore(subscribe, get, () => initial);
}
