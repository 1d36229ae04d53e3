/**
 * The seam to a store of topics' logs that several replicas follow: Redis, or another thread.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import type { Publication } from "../domain/publication.ts";
import type { ReplicaPosition } from "./replica.ts";
import type { Announcement, LogState } from "./stored_log.ts";

/** Receives what was appended to a topic's log, in order. */
export type TopicListener = (announcement: Announcement) => void;

/**
 * Called when the store has lost its subscriptions and can be used again: when it is first reached, and
 * after each break. It subscribes and reads again. If it rejects, the store drops the connection, and calls
 * it again with the next one.
 *
 * @param isConcerned Whether a topic's subscription is gone.
 */
export type StoreUp = (isConcerned: (topic: string) => boolean) => Promise<void>;

/** Options of a read. */
export interface ReadOptions {
  /** Whether the read must include publications that a store which is itself a copy may lack. */
  readonly fresh: boolean;
}

/** Stores topics' logs, and announces what is appended to them. */
export interface TopicStore {
  /** Why it cannot be used now, for an operator; `undefined` while it can. */
  readonly trouble: string | undefined;
  /** Why some topics cannot be used although others can, for an operator. @default {none} */
  readonly partialTrouble?: string | undefined;
  /** Sets what is called when the store was reached. Called once. */
  onUp(listener: StoreUp): void;
  /**
   * Appends publications in their order and announces them, all or none.
   *
   * @returns For each publication, the end of its log with that publication.
   * @throws {BrokerUnavailable} If they are not in the logs, or if that is not known.
   */
  append(publications: readonly Publication[]): Promise<Cursor[]>;
  /**
   * Reads what a replica is missing. This also tells the store that the topic is in use.
   *
   * @param options Whether a store that is a copy itself brings itself up to date first.
   * @throws {BrokerUnavailable} If the topic cannot be read now.
   */
  read(topic: string, known: ReplicaPosition, options: ReadOptions): Promise<LogState>;
  /**
   * Subscribes to a topic's announcements. Everything that is appended after it resolves is announced; what
   * is appended earlier may be. Subscribing a listener again after a break is allowed.
   *
   * @throws {BrokerUnavailable} If the store cannot be used now.
   */
  subscribe(topic: string, listener: TopicListener): Promise<void>;
  /** Ends a listener's subscription; an announcement that is on its way may still arrive. */
  unsubscribe(topic: string, listener: TopicListener): void;
  /**
   * Runs an action on a topic that must succeed, because otherwise its replica would stay behind. If it
   * rejects, the store drops the connection that the topic depends on, and {@linkcode StoreUp} subscribes
   * and reads again. Does nothing while there is no connection. Never rejects.
   */
  attempt(topic: string, action: () => Promise<void>): Promise<void>;
  /** Frees timers. Connections that it was given stay open. */
  stop(): void;
}
