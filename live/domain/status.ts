/**
 * What an operator sees of a server: its busiest topics and views, and its connections.
 *
 * @module
 */

import type { Cursor } from "./broker.ts";

/** What to show. */
export interface StatusQuery {
  /** Rows of each table. */
  readonly limit: number;
  /** Text that the names of topics, and the collections and queries of views, must contain. */
  readonly topics: string;
  /** What topics and views are ordered by; the largest comes first. */
  readonly topicsBy: "rate" | "subscribers" | "bytes";
  /** Text that a connection's user, address, id or one of its topics must contain. */
  readonly connections: string;
  /** What connections are ordered by: lag, unsent bytes, number of topics, or age. */
  readonly connectionsBy: "lag" | "unsent" | "topics" | "newest" | "oldest";
}

/** The first rows of a table. */
export interface Table<Row> {
  /** How many rows there are. */
  readonly total: number;
  /** How many rows match the search. */
  readonly found: number;
  /** The first of the matching rows. */
  readonly rows: readonly Row[];
}

/** A topic with subscribers. */
export interface TopicRow {
  /** Its name. */
  readonly name: string;
  /** Subscriptions to it. */
  readonly subscribers: number;
  /** Subscriptions that lag, because their sockets have no room for what is due. */
  readonly lagging: number;
  /** Messages a second, lately. */
  readonly rate: number;
  /** What its history holds, in UTF-16 code units. */
  readonly bytes: number;
  /** Offset of its newest message. */
  readonly offset: number;
}

/** All views of one query. */
export interface ViewRow {
  /** The collection whose items they list. */
  readonly collection: string;
  /** The query in canonical form. */
  readonly query: string;
  /** Number of access classes, each with a view of its own. */
  readonly classes: number;
  /** Subscriptions to it. */
  readonly subscribers: number;
  /** Messages a second, lately. */
  readonly rate: number;
  /** What the histories hold, in UTF-16 code units. */
  readonly bytes: number;
}

/** An open connection. */
export interface ConnectionRow {
  /** Its id, as in `welcome`. */
  readonly id: string;
  /** Its user; `null` if it is anonymous. */
  readonly user: {
    readonly id: string;
    readonly email: string | null;
    readonly name: string | null;
  } | null;
  /** Address of the peer, which is the proxy if there is one. */
  readonly address: string;
  /** When it opened, in milliseconds since 1970. */
  readonly openedAt: number;
  /** How many topics and views it is subscribed to. */
  readonly topicCount: number;
  /** Names of the first of them. */
  readonly topics: readonly string[];
  /** How much its socket holds that has not left the process, in bytes. */
  readonly unsent: number;
  /** How long its socket has had no room for what is due, in milliseconds. */
  readonly lagMs: number;
}

/** What one thread, or one process, contributes. */
export interface StatusPart {
  /** Its connections. */
  readonly connections: Table<ConnectionRow>;
  /** Its topics. */
  readonly topics: Table<TopicRow>;
  /** Its views. */
  readonly views: Table<ViewRow>;
}

/** A message as an operator sees it. */
export interface ShownMessage {
  /** Its offset. */
  readonly offset: number;
  /** Its key, if it has one. */
  readonly key: string | null;
  /** When it was published, in milliseconds since 1970. */
  readonly at: number;
  /** The payload as JSON text, cut off if it is long; `null` for a removal. */
  readonly json: string | null;
}

/** What a topic holds, for an operator who looks into it. */
export interface TopicContent extends Cursor {
  /** Its name. */
  readonly topic: string;
  /** Subscriptions to it. */
  readonly subscribers: number;
  /** How many keys it holds. */
  readonly keys: number;
  /** The latest message of each key, the newest first; limited if there are many keys. */
  readonly latest: readonly ShownMessage[];
  /** The newest messages after the operator's position, the newest first. */
  readonly messages: readonly ShownMessage[];
}
