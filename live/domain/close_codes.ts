/**
 * The codes with which the server closes a WebSocket, each with its meaning for the client.
 *
 * 1001 to 1013 are registered by RFC 6455 and IANA. Of the private codes, after 44xx the client may
 * reconnect (once with a fresh cookie, or with backoff), except after 4403; after 45xx it must not.
 *
 * @module
 */

/** Close codes by name. */
export const CloseCode = {
  /** The server is going away; the reason says after how many milliseconds to reconnect. */
  GoingAway: 1001,
  /** The client read too slowly; it reconnects and resumes with `since`. */
  PolicyViolation: 1008,
  /** An inbound message was too large; sending it again is pointless. */
  MessageTooBig: 1009,
  /** Status 503 for browsers, which cannot read the status of an upgrade: reconnect with backoff. */
  TryAgainLater: 1013,
  /** The session has ended: reconnect once, with a fresh cookie. */
  SessionEnded: 4401,
  /** The page's origin is not allowed. */
  OriginForbidden: 4403,
  /** Too many messages, or too many connections of one user: reconnect with backoff. */
  TooMany: 4429,
  /** No valid session: log in first. */
  Unauthorized: 4501,
  /** Revoked by the operator. */
  Revoked: 4503,
} as const;

/** A code that the server closes with. */
export type CloseCode = typeof CloseCode[keyof typeof CloseCode];

/** The reason sent along with 1008. It is fixed, because clients and operators search for it. */
export const BACKPRESSURE_REASON = "back-pressure threshold exceeded";
