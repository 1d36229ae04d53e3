/**
 * The seam to whoever knows users and rights.
 *
 * @module
 */

import type { SessionCookie } from "./session_cookie.ts";
import type { Topic } from "./topic.ts";

/** A person or service behind a session. What Directus does not let them read is `null`. */
export interface User {
  /** Primary key in `directus_users`. */
  readonly id: string;
  /** Address, if readable. */
  readonly email: string | null;
  /** Primary key of the role, if any and readable. */
  readonly role: string | null;
  /** First name, if readable. */
  readonly first_name: string | null;
  /** Last name, if readable. */
  readonly last_name: string | null;
}

/** The authority could not be asked, which is neither a yes nor a no. */
export interface Unavailable {
  /** Tells the union's members apart. */
  readonly kind: "unavailable";
  /** What went wrong, for the log; holds no secret. */
  readonly reason: string;
  /** When to ask again, in milliseconds. */
  readonly retryAfterMs: number;
}

/** The session is not, or no longer, that of a user. */
export interface Unauthorized {
  /** Tells the union's members apart. */
  readonly kind: "unauthorized";
}

/** Who a session is. */
export type Authentication =
  | { readonly kind: "authenticated"; readonly user: User }
  | Unauthorized
  | Unavailable;

/** Whether a session may listen to a topic. */
export type Authorisation =
  | { readonly kind: "allowed" }
  | { readonly kind: "forbidden" }
  | Unauthorized
  | Unavailable;

/** How to ask. */
export interface AskOptions {
  /**
   * Whether the answer must be of this moment: nobody may give one from memory, nor that to a
   * question which was asked before. Only a clear no is one then; whatever else comes instead of an
   * answer, such as a page that tells of maintenance, is `unavailable`.
   *
   * @default {false}
   */
  readonly fresh?: boolean;
}

/** Answers who a session is and what it may listen to. Its methods do not reject. */
export interface Authority {
  /** Resolves to the user behind a session cookie. */
  authenticate(cookie: SessionCookie, options?: AskOptions): Promise<Authentication>;
  /** Resolves to whether the session behind a cookie may listen to a topic. */
  authorise(cookie: SessionCookie, topic: Topic, options?: AskOptions): Promise<Authorisation>;
  /** Forgets what it remembers of a user's sessions, so that a revoked user is checked again. */
  forget?(userId: string): void;
}
