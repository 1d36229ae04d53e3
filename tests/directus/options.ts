/**
 * What a Directus stand-in is made of: its users, its collections, its clock.
 *
 * @module
 */

/** Describes one user of the stand-in. */
export interface StandInUser {
  /** Key of the user, a uuid in a real Directus. */
  id: string;
  /** Name the user logs in with. */
  email: string;
  /** Password in clear text: nobody real has it. */
  password: string;
  /**
   * Static token, which works as a bearer and in the session's cookie.
   *
   * @default {none}
   */
  token?: string;
  /**
   * Key of the user's role, `null` for a user without one.
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
   * Whether the user may read `directus_users`. A user who may not gets a bare `id` from
   * `/users/me`.
   *
   * @default {true}
   */
  appAccess?: boolean;
  /**
   * Fields that are absent from the user's own record, as where a policy does not list them.
   *
   * @default {[]}
   */
  hiddenFields?: readonly string[];
}

/** Says how a collection's primary keys are read from a URL. */
export type KeyType = "integer" | "uuid" | "string";

/** Is one row of a collection. */
export type StandInItem = Readonly<Record<string, unknown>>;

/** Describes one collection of the stand-in. */
export interface StandInCollection {
  /** Name as in `/items/<name>`. */
  name: string;
  /**
   * Field that holds the key.
   *
   * @default {"id"}
   */
  primaryKey?: string;
  /**
   * How a key in a URL is read.
   *
   * @default {"integer"}
   */
  keyType?: KeyType;
  /** The rows. */
  items: readonly StandInItem[];
  /**
   * Who may read every item: ids or emails, or `public` for everybody, with a session or without.
   *
   * @default {[]}
   */
  readers?: readonly string[];
}

/** Options of `createDirectusStandIn()`. */
export interface DirectusStandInOptions {
  /** Who can log in. */
  users: readonly StandInUser[];
  /**
   * What can be read.
   *
   * @default {[]}
   */
  collections?: readonly StandInCollection[];
  /**
   * Name of the session cookie, `SESSION_COOKIE_NAME` of a real Directus.
   *
   * @default {"directus_session_token"}
   */
  cookieName?: string;
  /**
   * Path that all routes are under, for a Directus that shares its host; no slash at its end.
   *
   * @default {""}
   */
  basePath?: string;
  /**
   * Most items in a list, `QUERY_LIMIT_MAX` of a real Directus; -1 for no such bound.
   *
   * @default {-1}
   */
  queryLimitMax?: number;
  /**
   * How long each answer takes, in milliseconds.
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
