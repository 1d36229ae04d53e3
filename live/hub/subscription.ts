/**
 * A subscription: a subscriber's cursor in a topic's log.
 *
 * @module
 */

import type { Cursor, TopicLog } from "../domain/broker.ts";
import type { Subscriber } from "./subscriber.ts";

/**
 * A cursor: everything up to it was sent to the subscriber, and nothing after it.
 *
 * A subscription that began with a snapshot too large for one frame first reads the rest of it from
 * the state, up to `snapshotUpTo`, and from there on the log.
 */
export interface Subscription extends Cursor {
  /** The client. */
  readonly subscriber: Subscriber;
  /** The topic. */
  readonly topic: OpenTopic;
  /** All subscriptions of the same subscriber, including this one: they share its frames. */
  readonly siblings: readonly Subscription[];
  /** The log's life that the offset belongs to. */
  epoch: string;
  /** Number of the last publication that was passed to the socket. */
  offset: number;
  /** The end of the snapshot that the subscriber is reading; 0 once it reads the log. */
  snapshotUpTo: number;
  /** When it began to lag, in milliseconds; `undefined` while it is up to date. */
  laggingSince: number | undefined;
}

/** A topic that has subscribers. */
export interface OpenTopic {
  /** Its name. */
  readonly name: string;
  /** Its log, kept current by the broker. */
  readonly log: TopicLog;
  /** Its subscriptions by subscriber. */
  readonly subscriptions: Map<Subscriber, Subscription>;
  /** Subscriptions that lag, because their sockets have no room for what is due. */
  readonly lagging: Set<Subscription>;
}

/** Returns whether something is due to the subscriber. */
export function isBehind({ topic: { log }, epoch, offset }: Subscription): boolean {
  return offset < log.head || epoch !== log.epoch;
}

/**
 * Returns the offset after which the subscriber needs the log. A cursor in a former life needs all of the
 * current one.
 */
export function neededAfter(subscription: Subscription): number {
  const { topic: { log }, epoch, offset, snapshotUpTo } = subscription;
  return epoch === log.epoch ? Math.max(offset, snapshotUpTo) : 0;
}

/** Returns the length of what the subscriber needs of the log, in UTF-16 code units. */
export function backlogOf(subscription: Subscription): number {
  return subscription.topic.log.lengthAfter(neededAfter(subscription));
}
