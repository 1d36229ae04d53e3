/**
 * The views that exist, by the topic that carries them.
 *
 * @module
 */

import { createHmac, randomBytes } from "node:crypto";
import { DEFAULTS } from "../config/defaults.ts";
import type { Metrics } from "../domain/metrics.ts";
import { canonicalText, type ViewQuery } from "../domain/view_query.ts";
import type { AccessClass, ViewSource } from "../domain/view_source.ts";
import { type HistoryBudget, shrink } from "../history/history_budget.ts";
import { TopicHistory } from "../history/topic_history.ts";
import { View } from "./view.ts";
import type { LossReason, ViewMember } from "./view_members.ts";

/** What the registry needs. */
export interface ViewRegistryOptions {
  /** The source of rows. */
  readonly source: ViewSource;
  /** How often a view is read even if nothing reported a change, in milliseconds; 0 is never. */
  readonly refreshMs: number;
  /** How many rows outside its list an open view remembers. @default {1_000} */
  readonly viewMaxRows?: number;
  /** Publications that a view's log keeps for recovery. */
  readonly historySize: number;
  /** How long a view without members is kept for clients that come back, in milliseconds. */
  readonly historyTtlMs: number;
  /** How much all views may hold together, in bytes. Beyond it, no further view is created. */
  readonly maxBytes: number;
  /** Number of views in total. @default {10_000} */
  readonly maxViews?: number;
  /** Sets how many views there are. */
  readonly metrics: Pick<Metrics, "views">;
  /** A monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
  /** Returns a number from 0 to below 1. @default {Math.random} */
  readonly random?: () => number;
}

/** Receives what happens to views. */
export interface ViewEvents {
  /** A view's log has grown. */
  published(topic: string): void;
  /** A read was refused. The rights of the view's members may have changed. */
  refused(entry: ViewEntry): void;
  /** A member has lost the view. */
  lost(member: ViewMember, reason: LossReason): void;
}

/** A view and its identity. */
export interface ViewEntry {
  /** Name of the topic that carries it. */
  readonly topic: string;
  /** Key of the access class that it belongs to. */
  readonly classKey: string;
  /** The view. */
  readonly view: View;
}

/** Prefix of the names of views' topics. Publishers cannot use it. */
export const VIEW_PREFIX = "view:";

/**
 * Creates views and keeps those without members for a while, within bounds.
 *
 * The name of a view's topic is a keyed hash of access class and query, so that it reveals neither and
 * cannot be guessed.
 */
export class ViewRegistry {
  readonly #options: ViewRegistryOptions;
  readonly #events: ViewEvents;
  readonly #secret = randomBytes(32);
  readonly #budget: HistoryBudget = { used: 0 };
  readonly #entries = new Map<string, ViewEntry>();
  /** Timers of views without members, the longest unused first. */
  readonly #idle = new Map<ViewEntry, ReturnType<typeof setTimeout>>();

  /** Creates an empty registry. */
  constructor(options: ViewRegistryOptions, events: ViewEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** All views with their identities. */
  get entries(): Iterable<ViewEntry> {
    return this.#entries.values();
  }

  /** All views. */
  get views(): View[] {
    return [...this.#entries.values()].map(({ view }) => view);
  }

  /** Returns the view that a topic carries. */
  get(topic: string): View | undefined {
    return this.#entries.get(topic)?.view;
  }

  /**
   * Returns the view of an access class, which is created if it does not exist; `undefined` if there is no
   * room.
   */
  open({ key, touched }: AccessClass, query: ViewQuery): ViewEntry | undefined {
    const topic = this.#topicOf(key, query);
    const known = this.#entries.get(topic);
    if (known !== undefined) {
      this.#keep(known);
      return known;
    }
    if (!this.#makeRoom()) return undefined;
    const entry = this.#create(topic, key, touched, query);
    this.#entries.set(topic, entry);
    this.#options.metrics.views(this.#entries.size);
    return entry;
  }

  /** Called when a view may have lost its last member. */
  release(entry: ViewEntry): void {
    if (entry.view.size > 0 || this.#idle.has(entry)) return;
    const timer = setTimeout(() => this.#drop(entry), this.#options.historyTtlMs);
    this.#idle.set(entry, timer);
  }

  /** Drops views without members that have missed too much. */
  dropOutdated(): void {
    for (const entry of this.#idle.keys()) if (entry.view.isOutdated) this.#drop(entry);
  }

  /** Stops all views. */
  stop(): void {
    for (const timer of this.#idle.values()) clearTimeout(timer);
    for (const view of this.views) view.stop();
  }

  #create(
    topic: string,
    classKey: string,
    touched: ReadonlySet<string> | undefined,
    query: ViewQuery,
  ): ViewEntry {
    const { historySize: size, historyTtlMs: ttlMs, now, random } = this.#options;
    const { viewMaxRows: maxRows = DEFAULTS.viewMaxRows } = this.#options;
    const view = new View({
      ...this.#options,
      query,
      touched,
      maxRows,
      log: new TopicHistory(topic, { size, ttlMs, budget: this.#budget }),
      now: now ?? (() => performance.now()),
      random: random ?? Math.random,
      onPublished: () => {
        this.#shrink();
        this.#events.published(topic);
      },
      onRefused: () => this.#events.refused(entry),
      onLost: (member, reason) => this.#events.lost(member, reason),
    });
    const entry: ViewEntry = { topic, classKey, view };
    return entry;
  }

  /** Drops views without members while the bounds are reached; returns whether there is room. */
  #makeRoom(): boolean {
    for (const entry of this.#idle.keys()) {
      if (this.#hasRoom()) break;
      this.#drop(entry);
    }
    return this.#hasRoom();
  }

  /**
   * Drops what is not needed until the views are within the bound: first views without members, then the
   * logs of the others. Their states stay, because each read is compared with them.
   */
  #shrink(): void {
    const { maxBytes } = this.#options;
    for (const entry of this.#idle.keys()) {
      if (this.#budget.used <= maxBytes) return;
      this.#drop(entry);
    }
    const logs = this.views.map(({ log }) => ({ dropLog: () => log.dropLog(), clear() {} }));
    if (this.#budget.used > maxBytes) shrink(logs, this.#budget, maxBytes);
  }

  #hasRoom(): boolean {
    const { maxViews = 10_000, maxBytes } = this.#options;
    return this.#entries.size < maxViews && this.#budget.used < maxBytes;
  }

  #keep(entry: ViewEntry): void {
    clearTimeout(this.#idle.get(entry));
    this.#idle.delete(entry);
  }

  #drop(entry: ViewEntry): void {
    this.#keep(entry);
    this.#entries.delete(entry.topic);
    this.#options.metrics.views(this.#entries.size);
    entry.view.log.release(Infinity);
    entry.view.log.clear();
  }

  #topicOf(classKey: string, query: ViewQuery): string {
    const text = `${classKey}\n${canonicalText(query)}`;
    return VIEW_PREFIX + createHmac("sha256", this.#secret).update(text).digest("base64url");
  }
}
