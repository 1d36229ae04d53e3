/**
 * The seam to authentication and authorisation.
 *
 * @module
 */

import type { Revocation } from "./revocation.ts";
import type { Credential } from "./credential.ts";
import type { Topic } from "./topic.ts";

/** The user of a session. Fields that Directus does not let the user read are `null`. */
export interface User {
  /** Primary key in `directus_users`. */
  readonly id: string;
  /** Email address, if readable. */
  readonly email: string | null;
  /** Primary key of the role, if any and readable. */
  readonly role: string | null;
  /** First name, if readable. */
  readonly first_name: string | null;
  /** Last name, if readable. */
  readonly last_name: string | null;
}

/** Returns whether a change of the rights of some users, or without them of all, concerns a session. */
export function concerns(
  users: ReadonlySet<string> | undefined,
  { user }: { readonly user: User | null },
): boolean {
  return users === undefined || (user !== null && users.has(user.id));
}

/** The authority could not answer, which is neither a yes nor a no. */
export interface Unavailable {
  /** Discriminates the union. */
  readonly kind: "unavailable";
  /** What went wrong, for the log. It contains no secret. */
  readonly reason: string;
  /** When to ask again, in milliseconds. */
  readonly retryAfterMs: number;
}

/** The session is not valid, or no longer. */
export interface Unauthorized {
  /** Discriminates the union. */
  readonly kind: "unauthorized";
}

/** The answer to whose session a credential belongs to. */
export type Authentication =
  | { readonly kind: "authenticated"; readonly user: User }
  | Unauthorized
  | Unavailable;

/** The answer to whether a session may subscribe to a topic. */
export type Authorisation =
  | { readonly kind: "allowed" }
  | { readonly kind: "forbidden" }
  | Unauthorized
  | Unavailable;

/** Options of a question to an authority. */
export interface AskOptions {
  /**
   * Bypasses caches and in-flight requests. Only an unmistakable refusal counts as one then; anything
   * unexpected, such as a maintenance page, is `unavailable`.
   *
   * @default {false}
   */
  readonly fresh?: boolean;
}

/** Authenticates sessions and authorises their subscriptions. Its methods do not reject. */
export interface Authority {
  /** Resolves to the user behind a session credential. */
  authenticate(credential: Credential, options?: AskOptions): Promise<Authentication>;
  /** Resolves to whether the session behind a credential may subscribe to a topic. */
  authorise(credential: Credential, topic: Topic, options?: AskOptions): Promise<Authorisation>;
  /**
   * Drops cached answers about revoked users or a revoked topic, and what is being asked about them, so
   * that they are checked again. Without a revocation, drops all answers.
   */
  forget?(revocation?: Revocation): void;
}

/** The authority of a server without users: it has no sessions to check again. */
export const noUsers: Authority = {
  authenticate: () => Promise.resolve({ kind: "unauthorized" }),
  authorise: () => Promise.resolve({ kind: "allowed" }),
};
