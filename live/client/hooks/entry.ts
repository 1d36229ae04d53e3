/**
 * What components share: a topic, a view, or the state of the connection.
 *
 * @module
 */

import type { Live } from "../types.ts";

/**
 * Subscribes to something on a connection.
 *
 * @param live The connection.
 * @param update Takes each new value.
 * @param former The last value: the initial one, or the one from the previous connection.
 * @returns A function that stops.
 */
export type Follow<Value> = (
  live: Live,
  update: (value: Value) => void,
  former: Value,
) => () => void;

/** How to share something. */
export interface EntryOptions<Value> {
  /** Its value before anything has arrived. */
  readonly initial: Value;
  /** Follows it. */
  readonly follow: Follow<Value>;
  /** Called one second after the last follower has gone. */
  readonly onUnused: () => void;
}

/**
 * How long an entry stays in use after its last follower has gone, in milliseconds. React's StrictMode, hot
 * reload and a change of the page's route end effects and start the same ones again. Without the delay,
 * each of these would subscribe and connect again.
 */
const LINGER_MS = 1_000;

/** Follows one topic, view or connection state on behalf of all components that show it. */
export class Entry<Value> {
  readonly #options: EntryOptions<Value>;
  readonly #followers = new Set<{ readonly onChange: () => void }>();
  #value: Value;
  /** Identifies the current run, so that late updates of an earlier run are ignored. */
  #run: object | undefined;
  #stop: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Creates an entry without followers, which has not started. */
  constructor(options: EntryOptions<Value>) {
    this.#options = options;
    this.#value = options.initial;
  }

  /** The current value. */
  get value(): Value {
    return this.#value;
  }

  /** Calls back after each change. Returns a function that ends this, once. */
  add(onChange: () => void): () => void {
    clearTimeout(this.#timer);
    const follower = { onChange };
    this.#followers.add(follower);
    return () => {
      if (!this.#followers.delete(follower) || this.#followers.size > 0) return;
      this.#timer = setTimeout(this.#options.onUnused, LINGER_MS);
    };
  }

  /** Follows on a connection, which replaces the previous one. */
  start(live: Live): void {
    this.stop();
    const run = this.#run = {};
    const update = (value: Value) => {
      if (this.#run === run) this.#set(value);
    };
    this.#stop = this.#options.follow(live, update, this.#value);
  }

  /** Stops following. */
  stop(): void {
    this.#run = undefined;
    this.#stop?.();
    this.#stop = undefined;
  }

  #set(value: Value): void {
    this.#value = value;
    for (const { onChange } of [...this.#followers]) onChange();
  }
}
