/**
 * Stores for Svelte, from version 4. All components below the one that provides the connection share
 * it.
 *
 * @example Show a view.
 * ```svelte ignore
 * <!-- App.svelte -->
 * <script>
 *   import { createLive, provideLive } from "@live/client/svelte";
 *   provideLive(createLive("wss://live.example.com"));
 * </script>
 *
 * <!-- Events.svelte -->
 * <script>
 *   import { useView } from "@live/client/svelte";
 *   const events = useView("events", { fields: ["id", "title"], sort: ["title"] });
 * </script>
 * {#each $events.rows ?? [] as { id, title } (id)}<li>{title}</li>{/each}
 * ```
 *
 * @module
 */

// @ts-types="./svelte_api.d.ts"
import { getContext, onMount, setContext } from "svelte";
// @ts-types="./svelte_api.d.ts"
import type { Readable } from "svelte/store";
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

const KEY: unique symbol = Symbol("live");

/** Provides a connection to all components below this one. Call it while a component is created. */
export function provideLive(live: SharedLive): void {
  setContext(KEY, live);
}

/**
 * Follows a topic. The store changes once for all messages that arrive together.
 *
 * @param topic Name of the topic; `undefined` follows none.
 */
export function useTopic<Topic extends RegisteredTopic>(
  topic: Topic | undefined,
): Readable<TopicState<PayloadOf<RegisteredPayloads, Topic>>>;
/** Follows a topic whose payload the program names here. */
export function useTopic<T = unknown>(topic: string | undefined): Readable<TopicState<T>>;
export function useTopic<T>(topic: string | undefined): Readable<TopicState<T>> {
  return readable(useShared().topic<T>(topic));
}

/**
 * Follows a view.
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
): Readable<ViewState<RowOf<RegisteredSchema, Collection, Query>>> {
  return readable(useShared().view(collection, query));
}

/** Follows the state of the connection. */
export function useLive(): Readable<LiveState> {
  return readable(useShared().connection);
}

/**
 * Hands every message of a topic to handlers while the component is mounted.
 *
 * @param topic Name of the topic; `undefined` follows none.
 * @param handlers The functions to call.
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
  onMount(() => live.subscribe(topic, handlers));
}

function useShared(): SharedLive {
  const live = getContext<SharedLive | undefined>(KEY);
  if (live === undefined) throw new Error("No component above this one has called provideLive()");
  return live;
}

/** A server that renders the page also subscribes to stores. There, a subscription must not connect. */
function readable<Value>({ subscribe, get, initial }: Store<Value>): Readable<Value> {
  return {
    subscribe(run) {
      const isServer = !("window" in globalThis);
      run(isServer ? initial : get());
      if (isServer) return () => {};
      const leave = subscribe(() => run(get()));
      return leave;
    },
  };
}
