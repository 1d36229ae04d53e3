/**
 * A connection's place in a topic's log.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { Cursor, TopicLog } from "../domain/broker.ts";

/** A cursor: the connection was handed everything up to it, and nothing after it. */
export interface Subscription extends Cursor {
  /** Who listens. */
  readonly connection: Connection;
  /** What it listens to. */
  readonly topic: OpenTopic;
  /** All subscriptions of its connection, this one among them: they share its frames. */
  readonly siblings: readonly Subscription[];
  /** Life of the log that the offset is of. */
  epoch: string;
  /** Number of the last publication that was handed to its socket. */
  offset: number;
  /** Set while its socket has no room for what it lacks. */
  lag: Lag | undefined;
}

/** How a subscription lags. Times are in milliseconds of the hub's clock. */
export interface Lag {
  /** Since when its socket has had no room for all that it lacks. */
  readonly since: number;
  /** Since when its socket has not drained. */
  stalledSince: number;
  /** What its connection had drained when that was last looked at. */
  drained: number;
}

/** A topic that has subscribers. */
export interface OpenTopic {
  /** Its name. */
  readonly name: string;
  /** Its log, kept current by the broker. */
  readonly log: TopicLog;
  /** Its subscribers, by connection. */
  readonly subscriptions: Map<Connection, Subscription>;
  /** Those whose sockets have no room for what they lack. */
  readonly lagging: Set<Subscription>;
}

/** Tells whether a subscriber has yet to be handed something. */
export function lacks({ topic: { log }, epoch, offset }: Subscription): boolean {
  return offset < log.head || epoch !== log.epoch;
}

/** Returns a cursor's offset; a cursor of a former life stands before the first message of this. */
export function offsetOf({ topic: { log }, epoch, offset }: Subscription): number {
  return epoch === log.epoch ? offset : 0;
}

/** Returns the length of what a subscriber has yet to read, in UTF-16 code units. */
export function behind(subscription: Subscription): number {
  return subscription.topic.log.lengthAfter(offsetOf(subscription));
}
