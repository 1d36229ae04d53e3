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
  /** Since when its socket has not drained, in milliseconds of the hub's clock, if it lags. */
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
}
