/**
 * Composables for Vue, from version 3.3. All components of an app share one connection.
 *
 * @example Show a view.
 * ```ts ignore
 * // main.ts
 * import { createLive, LivePlugin } from "@live/client/vue";
 *
 * createApp(App).use(LivePlugin, createLive("wss://live.example.com")).mount("#app");
 *
 * // Events.vue: <li v-for="{ id, title } in events.rows" :key="id">{{ title }}</li>
 * import { useView } from "@live/client/vue";
 *
 * const events = useView("events", { fields: ["id", "title"], sort: ["title"] });
 * ```
 *
 * @module
 */

// @ts-types="./vue_api.d.ts"
import {
  type App,
  inject,
  type InjectionKey,
  type MaybeRefOrGetter,
  type ShallowRef,
  shallowRef,
  toValue,
  watchPostEffect,
} from "vue";
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

const KEY: InjectionKey<SharedLive> = Symbol("live");

/** Hands a connection to all components of an app: `app.use(LivePlugin, live)`. */
export const LivePlugin: { readonly install: (app: App, live: SharedLive) => void } = {
  install(app, live) {
    app.provide(KEY, live);
  },
};

/**
 * Follows a topic. It changes once for all messages that arrive together.
 *
 * @param topic Name of the topic, perhaps as a reference or a getter; `undefined` follows none.
 */
export function useTopic<Topic extends RegisteredTopic>(
  topic: MaybeRefOrGetter<Topic | undefined>,
): Readonly<ShallowRef<TopicState<PayloadOf<RegisteredPayloads, Topic>>>>;
/** Follows a topic whose payload the program names here. */
export function useTopic<T = unknown>(
  topic: MaybeRefOrGetter<string | undefined>,
): Readonly<ShallowRef<TopicState<T>>>;
export function useTopic<T>(
  topic: MaybeRefOrGetter<string | undefined>,
): Readonly<ShallowRef<TopicState<T>>> {
  const live = useShared();
  return useStore(() => live.topic<T>(toValue(topic)));
}

/**
 * Follows a view.
 *
 * @param collection Name of the collection, perhaps as a reference or a getter; `undefined` follows none.
 * @param query Which rows and which of their fields, perhaps as a reference or a getter.
 */
export function useView<
  Collection extends keyof RegisteredSchema & string,
  const Query extends ViewQuery<RegisteredSchema, Collection>,
>(
  collection: MaybeRefOrGetter<Collection | undefined>,
  query?: MaybeRefOrGetter<CheckedQuery<RegisteredSchema, Collection, Query> | undefined>,
): Readonly<ShallowRef<ViewState<RowOf<RegisteredSchema, Collection, Query>>>> {
  const live = useShared();
  return useStore(() => live.view(toValue(collection), toValue(query)));
}

/** Follows the state of the connection. */
export function useLive(): Readonly<ShallowRef<LiveState>> {
  const { connection } = useShared();
  return useStore(() => connection);
}

/**
 * Hands every message of a topic to handlers.
 *
 * @param topic Name of the topic, perhaps as a reference or a getter; `undefined` follows none.
 * @param handlers They are called outside of rendering.
 */
export function useMessages<Topic extends RegisteredTopic>(
  topic: MaybeRefOrGetter<Topic | undefined>,
  handlers: MessageHandlers<PayloadOf<RegisteredPayloads, Topic>>,
): void;
/** Hands over the messages of a topic whose payload the program names here. */
export function useMessages<T = unknown>(
  topic: MaybeRefOrGetter<string | undefined>,
  handlers: MessageHandlers<T>,
): void;
export function useMessages<T>(
  topic: MaybeRefOrGetter<string | undefined>,
  handlers: MessageHandlers<T>,
): void {
  const live = useShared();
  watchPostEffect((onCleanup) => onCleanup(live.subscribe(toValue(topic), handlers)));
}

function useShared(): SharedLive {
  const live = inject(KEY, undefined);
  if (live === undefined) throw new Error("There is no connection: app.use(LivePlugin, live)");
  return live;
}

/**
 * Follows a store from the moment the component is mounted until its scope ends. Such an effect does
 * not run on a server.
 */
function useStore<Value>(find: () => Store<Value>): Readonly<ShallowRef<Value>> {
  const value = shallowRef(find().get());
  watchPostEffect((onCleanup) => {
    const store = find();
    const update = () => {
      value.value = store.get();
    };
    onCleanup(store.subscribe(update));
    update();
  });
  return value;
}
