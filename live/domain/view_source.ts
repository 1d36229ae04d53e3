/**
 * The seam to the source of views' rows.
 *
 * @module
 */

import type { AskOptions, Unauthorized, Unavailable, User } from "./authority.ts";
import type { ItemEvent } from "./broker.ts";
import type { Credential } from "./credential.ts";
import type { ViewQuery } from "./view_query.ts";

/** The session that opens a view. */
export interface Viewer {
  /** The session's credential. */
  readonly credential: Credential;
  /** The user behind it; `null` for the public. */
  readonly user: User | null;
}

/**
 * A set of sessions that are guaranteed to get the same answer to a query: the same rows, and of each
 * row the same fields.
 */
export interface AccessClass {
  /** Tells the union's members apart. */
  readonly kind: "class";
  /** Equal for sessions of the same class, and for no others. */
  readonly key: string;
  /**
   * Collections whose changes can change the answer; `undefined` if they are not known, so that every
   * change counts.
   */
  readonly touched: ReadonlySet<string> | undefined;
  /**
   * Whether an open view of this class contains every row of the collection. Then every deleted row was one
   * of its rows. @default {false}
   */
  readonly holdsAll?: boolean;
}

/** A view that a session may not have, with Directus's reason if it gave one. */
export interface ViewRefused {
  /** Tells the union's members apart. */
  readonly kind: "refused";
  /** `bad-view` if the query is wrong, `forbidden` if the session lacks the right. */
  readonly code: "bad-view" | "forbidden";
  /** Why, for the client. */
  readonly reason: string;
}

/** A row as the source returns it. */
export interface Row {
  /** Its primary key, as text. */
  readonly key: string;
  /** The row as JSON text. */
  readonly json: string;
}

/** The rows of a view, in the query's order. */
export interface Rows {
  /** Tells the union's members apart. */
  readonly kind: "rows";
  /** The rows; no two have the same key. */
  readonly rows: readonly Row[];
}

/** Answers which sessions share a view, and reads it. Its methods do not reject. */
export interface ViewSource {
  /** Resolves to the access class of a session for a query. */
  classify(
    viewer: Viewer,
    query: ViewQuery,
    options?: AskOptions,
  ): Promise<AccessClass | ViewRefused | Unauthorized | Unavailable>;
  /**
   * Reads a view with the rights of one session, from the database and from no cache.
   *
   * @param keys Reads only rows with these keys, those that match the query, whatever its limit.
   *   @default {all rows}
   */
  read(
    viewer: Viewer,
    query: ViewQuery,
    keys?: readonly string[],
  ): Promise<Rows | ViewRefused | Unauthorized | Unavailable>;
  /** Forgets all rights and rules that it knows, because they have changed. */
  forget(): void;
  /** Returns the keys to which a query's filter limits it; `undefined` if there is no such limit. */
  pinnedKeys(query: ViewQuery): ReadonlySet<string> | undefined;
}

/** Something that happened to items of a collection. */
export interface Change {
  /** The collection. */
  readonly collection: string;
  /** What happened, if that is known. */
  readonly event?: ItemEvent | undefined;
  /** Primary keys of the items, as text; `undefined` if they are not known. */
  readonly keys?: readonly string[] | undefined;
}
