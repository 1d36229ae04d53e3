/**
 * Permissions to subscribe, and refusals.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { ErrorCode, ErrorMessage, TopicRequest } from "../domain/messages.ts";

/** Permission to subscribe. */
export interface Admission {
  /** Tells the union's members apart. */
  readonly kind: "admitted";
  /** Name of the topic. */
  readonly topic: string;
  /** Called once, when the subscription that it allowed has ended. */
  readonly leave: () => void;
}

/** A subscription that is not allowed, or not possible now. */
export interface Refusal {
  /** Tells the union's members apart. */
  readonly kind: "refused";
  /** Why, for programs. */
  readonly code: ErrorCode;
  /** Why, for people. */
  readonly message: string;
  /** When to try again, in milliseconds, if that makes sense. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the connection's session is over. */
  readonly isSessionOver?: boolean;
}

/** How long a client may need to get a fresh cookie, in milliseconds. */
const FRESH_COOKIE_MS = 1_000;

/** The refusal for a session that is over. It is not a denial: the user may come back with a fresh cookie. */
export const SESSION_OVER: Refusal = {
  kind: "refused",
  code: "forbidden",
  message: "The session is no longer good",
  retryAfterMs: FRESH_COOKIE_MS,
  isSessionOver: true,
};

/** The refusal of a topic that Directus forbids. */
export const FORBIDDEN: Refusal = {
  kind: "refused",
  code: "forbidden",
  message: "Not allowed to listen to this topic",
};

/** The refusal of a view if rights changed while it was opened. */
export const RIGHTS_CHANGED: Refusal = {
  kind: "refused",
  code: "unavailable",
  message: "Rights have just changed; try again",
  retryAfterMs: 0,
};

/** Sends the client the refusal of its request. */
export function refuse(
  connection: Connection,
  { id, topic }: TopicRequest,
  { code, message, retryAfterMs }: Omit<Refusal, "kind">,
): void {
  const more: Pick<ErrorMessage, "retryAfterMs"> = retryAfterMs === undefined
    ? {}
    : { retryAfterMs };
  connection.send({ type: "error", code, message, id, topic, ...more });
}
