/**
 * Options of the Directus stand-in: its users, its collections, its clock.
 *
 * @module
 */

import type { Database } from "./database.ts";

/** A user. */
export interface StandInUser {
  /** Primary key; a uuid in a real Directus. */
  id: string;
  /** Address to log in with. */
  email: string;
  /** Password in clear text; these users are not real. */
  password: string;
  /**
   * Static token, accepted as a bearer and in the session cookie.
   *
   * @default {none}
   */
  token?: string;
  /**
   * Primary key of the user's role.
   *
   * @default {null}
   */
  role?: string | null;
  /**
   * First name.
   *
   * @default {null}
   */
  first_name?: string | null;
  /**
   * Last name.
   *
   * @default {null}
   */
  last_name?: string | null;
  /**
   * Whether the user may read `directus_users`. Others get only their `id` from `/users/me`.
   *
   * @default {true}
   */
  appAccess?: boolean;
  /**
   * Further fields, which rules refer to as `$CURRENT_USER.<field>`.
   *
   * @default {none}
   */
  fields?: Readonly<Record<string, unknown>>;
  /**
   * Fields that `/users/me` leaves out, as if no policy listed them.
   *
   * @default {[]}
   */
  hiddenFields?: readonly string[];
}

/** How a primary key in a URL is read. */
export type KeyType = "integer" | "uuid" | "string";

/** A row of a collection. */
export type StandInItem = Readonly<Record<string, unknown>>;

/** A collection. */
export interface StandInCollection {
  /** Name, as in `/items/<name>`. */
  name: string;
  /**
   * Field of the primary key.
   *
   * @default {"id"}
   */
  primaryKey?: string;
  /**
   * Type of the primary key.
   *
   * @default {"integer"}
   */
  keyType?: KeyType;
  /** The rows. */
  items: readonly StandInItem[];
  /**
   * Who may read every item: ids or emails of users, or `public`.
   *
   * @default {[]}
   */
  readers?: readonly string[];
}

/** Options of `createDirectusStandIn()`. */
export interface DirectusStandInOptions {
  /** Users that can log in. */
  users: readonly StandInUser[];
  /**
   * Collections that can be read.
   *
   * @default {[]}
   */
  collections?: readonly StandInCollection[];
  /**
   * Collections that are read by the rules of policies.
   *
   * @default {none}
   */
  database?: Database;
  /**
   * Name of the session cookie (`SESSION_COOKIE_NAME`).
   *
   * @default {"directus_session_token"}
   */
  cookieName?: string;
  /**
   * Path prefix of all routes, without a trailing slash.
   *
   * @default {""}
   */
  basePath?: string;
  /**
   * Maximum number of items in a list (`QUERY_LIMIT_MAX`); -1 for no maximum.
   *
   * @default {-1}
   */
  queryLimitMax?: number;
  /**
   * How long each response takes, in milliseconds.
   *
   * @default {0}
   */
  delayMs?: number;
  /**
   * Clock, in milliseconds since the epoch.
   *
   * @default {Date.now}
   */
  now?: () => number;
}
