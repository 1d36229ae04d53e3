/**
 * The connection that components share, and what they follow on it.
 *
 * @module
 */

import type { Live, LiveState } from "../types.ts";
import { Entry, type Follow } from "./entry.ts";
import {
  followMessages,
  followTopic,
  followView,
  LOADING,
  LOADING_TOPIC,
  LOADING_VIEW,
} from "./follow.ts";
import type {
  MessageHandlers,
  Progress,
  SharedLive,
  Store,
  TopicState,
  ViewState,
} from "./types.ts";

/** The state before a component has needed the connection. */
const CONNECTING: LiveState = { phase: "connecting" };

/** The value of an entry. */
type Value = LiveState | Progress;

/** Opens a connection, and passes on its states. */
export type Open = (onState: (state: LiveState) => void) => Live;

/**
 * Counts the followers of each topic, each view and the state of the connection; each of these is an entry.
 * The connection is open while there are entries.
 *
 * A store holds no state: it finds its entry by key, and creates the entry for its first follower. So
 * components may create stores whenever they render, even if they are never shown.
 */
export class LiveStores implements SharedLive {
  readonly connection: Store<LiveState>;
  readonly #open: Open;
  readonly #entries = new Map<unknown, Entry<Value>>();
  readonly #listeners = new Set<(state: LiveState) => void>();
  #live: Live | undefined;

  /** Creates stores without a connection. */
  constructor(open: Open) {
    this.#open = open;
    this.connection = this.#store("connection", CONNECTING, (live, update, former) => {
      this.#listeners.add(update);
      if (live.state.phase !== former.phase) update(live.state);
      return () => this.#listeners.delete(update);
    });
  }

  topic<T>(topic: string | undefined): Store<TopicState<T>> {
    const key = JSON.stringify({ topic });
    const store = topic === undefined
      ? unchanging(LOADING_TOPIC)
      : this.#store(key, LOADING_TOPIC, followTopic(topic));
    return store as Store<TopicState<T>>;
  }

  view<Row>(collection: string | undefined, query: object = {}): Store<ViewState<Row>> {
    const key = JSON.stringify({ collection, query });
    const store = collection === undefined
      ? unchanging(LOADING_VIEW)
      : this.#store(key, LOADING_VIEW, followView(collection, query));
    return store as Store<ViewState<Row>>;
  }

  subscribe<T>(topic: string | undefined, handlers: MessageHandlers<T>): () => void {
    if (topic === undefined) return () => {};
    let current: MessageHandlers | undefined = handlers as MessageHandlers;
    const entry = this.#enter(Symbol(), LOADING, followMessages(topic, () => current));
    const leave = entry.add(() => {});
    return () => {
      current = undefined; // while the entry lingers
      leave();
    };
  }

  retry(): void {
    if (this.#live === undefined) return;
    const isClosed = this.#live.state.phase === "closed";
    if (isClosed) this.#live = undefined;
    else this.#live.retry();
    for (const entry of this.#entries.values()) {
      if (isClosed || hasEnded(entry.value)) entry.start(this.#connected());
    }
  }

  #store<V extends Value>(key: string, initial: V, follow: Follow<V>): Store<V> {
    const find = () => this.#entries.get(key) as Entry<V> | undefined;
    return {
      subscribe: (onChange) => (find() ?? this.#enter(key, initial, follow)).add(onChange),
      get: () => find()?.value ?? initial,
      initial,
    };
  }

  #enter<V extends Value>(key: unknown, initial: V, follow: Follow<V>): Entry<V> {
    const entry = new Entry({ initial, follow, onUnused: () => this.#drop(key) });
    this.#entries.set(key, entry as unknown as Entry<Value>);
    entry.start(this.#connected());
    return entry;
  }

  #drop(key: unknown): void {
    this.#entries.get(key)?.stop();
    this.#entries.delete(key);
    if (this.#entries.size > 0) return;
    const live = this.#live;
    this.#live = undefined;
    live?.close();
  }

  #connected(): Live {
    return this.#live ??= this.#open((state) => {
      for (const listener of [...this.#listeners]) listener(state);
    });
  }
}

function hasEnded(value: Value): boolean {
  return "status" in value && value.status === "ended";
}

function unchanging<V>(value: V): Store<V> {
  return { subscribe: () => () => {}, get: () => value, initial: value };
}
