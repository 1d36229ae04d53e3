/**
 * A view's rows, collected from the messages of its topic.
 *
 * @module
 */

import { Iteration } from "./iteration.ts";
import type { Start, SubscribeOptions, Subscription } from "./types.ts";
import type { View, ViewOptions } from "./view_types.ts";
import type { RowMessage } from "./wire.ts";

/** What a view needs. */
export interface ViewListContext {
  /** Subscribes to the view's topic. */
  readonly subscribe: (handlers: SubscribeOptions) => Subscription;
  /** Called with errors that handlers throw. */
  readonly report: (error: unknown) => void;
}

/** A row and its position. */
interface RankedRow {
  /** Rows sorted by rank are in the query's order. */
  readonly rank: string;
  /** The row, as REST returns it. */
  data: unknown;
}

/**
 * Keeps the newest message of each key, and makes a sorted list of them once all messages of a frame have
 * arrived. Until then, a view that starts over still shows its former list.
 */
export class ViewList implements View {
  readonly #options: ViewOptions;
  readonly #report: (error: unknown) => void;
  readonly #subscription: Subscription;
  readonly #iteration = new Iteration(() => this.#takeUnread());
  /** The rows by key. */
  #rows = new Map<string, RankedRow>();
  /** What the list shows, by key. */
  #shown = new Map<string, unknown>();
  #list: readonly unknown[] | undefined;
  /** The newest list; `undefined` once a loop has taken it. */
  #unread: readonly unknown[] | undefined;
  /** Whether the list must be made again after the current frame. */
  #isStale = false;

  /** Creates a view whose rows have not arrived. */
  constructor(options: ViewOptions, { subscribe, report }: ViewListContext) {
    this.#options = options;
    this.#report = report;
    this.#subscription = subscribe({
      onStart: (start) => this.#start(start),
      onMessage: (message) => this.#take(message as RowMessage), // a view has no others
      onError: (error) => {
        this.#iteration.end(error);
        options.onError?.(error);
      },
      onEnd: () => {
        this.#iteration.end();
        options.onEnd?.();
      },
    });
  }

  get rows(): readonly unknown[] | undefined {
    return this.#list;
  }

  unsubscribe(): void {
    this.#unread = undefined;
    this.#subscription.unsubscribe();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly unknown[], void> {
    try {
      yield* this.#iteration.items();
    } finally {
      this.unsubscribe();
    }
  }

  #start({ recovered }: Start): void {
    if (!recovered) this.#rows = new Map();
    this.#markStale();
  }

  #take({ key, rank, data, removed }: RowMessage): void {
    if (removed) this.#rows.delete(key);
    else this.#rows.set(key, { rank, data });
    this.#markStale();
  }

  #markStale(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    queueMicrotask(() => {
      this.#isStale = false;
      if (!this.#iteration.hasEnded) this.#update();
    });
  }

  /** Makes the list again. The array stays the same if it has the same rows in the same order. */
  #update(): void {
    const shown = new Map<string, unknown>();
    for (const [key, row] of this.#rows) {
      const former = this.#shown.get(key);
      if (isEqual(row.data, former)) row.data = former;
      shown.set(key, row.data);
    }
    this.#shown = shown;
    const list = [...this.#rows.values()].sort(byRank).map(({ data }) => data);
    const former = this.#list;
    if (list.length === former?.length && list.every((row, index) => row === former[index])) return;
    this.#list = this.#unread = Object.freeze(list);
    this.#iteration.wake();
    try {
      this.#options.onChange?.(list);
    } catch (error) {
      this.#report(error);
    }
  }

  #takeUnread(): readonly unknown[] | undefined {
    const list = this.#unread;
    this.#unread = undefined;
    return list;
  }
}

/** Returns whether a row has not changed, as is the case for most rows when a view starts over. */
function isEqual(data: unknown, former: unknown): boolean {
  return data === former ||
    former !== undefined && JSON.stringify(data) === JSON.stringify(former);
}

/** Compares by code unit, as the server does. */
function byRank(a: RankedRow, b: RankedRow): number {
  return a.rank < b.rank ? -1 : 1;
}
