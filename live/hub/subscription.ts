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
  /** Life of the log that the offset is of. */
  epoch: string;
  /** Number of the last publication that was handed to its socket. */
  offset: number;
  /** Since when its socket has had no room for all of it, in milliseconds of the hub's clock. */
  laggingSince: number | undefined;
  /** Since when its socket has not drained, in the same milliseconds, if it lags. */
  stalledSince: number | undefined;
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

/** Tells whether a subscriber has been handed all there is. */
export function isCurrent({ log }: OpenTopic, { epoch, offset }: Subscription): boolean {
  return offset >= log.head && epoch === log.epoch;
}

/** Returns a cursor's offset; a cursor of a former life stands before the first message of this. */
export function offsetIn({ log }: OpenTopic, { epoch, offset }: Subscription): number {
  return epoch === log.epoch ? offset : 0;
}

/** Returns the length of what a subscriber has yet to read, in UTF-16 code units. */
export function behind(topic: OpenTopic, subscription: Subscription): number {
  return topic.log.lengthAfter(offsetIn(topic, subscription));
}
