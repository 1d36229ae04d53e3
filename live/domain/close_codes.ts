/**
 * The codes with which the server closes a WebSocket, each with its meaning for the client.
 *
 * 1001 to 1013 are RFC 6455's and IANA's. Of the private codes, 44xx invite the client to come back
 * (at once, or once with a fresh cookie), except 4403; 45xx tell it to stay away.
 *
 * @module
 */

/** Close codes by name. */
export const CloseCode = {
  /** The server is going away; the reason says after how many milliseconds to come back. */
  GoingAway: 1001,
  /** The client read too slowly; it comes back with `since`. */
  PolicyViolation: 1008,
  /** An inbound message was larger than allowed; coming back with the same message is pointless. */
  MessageTooBig: 1009,
  /** What HTTP status 503 says, for browsers, which cannot read it: come back with backoff. */
  TryAgainLater: 1013,
  /** The session's cookie is no longer good: come back once, with a fresh one. */
  SessionEnded: 4401,
  /** The page's origin is not allowed. */
  OriginForbidden: 4403,
  /** Too many messages, or too many connections of one user: come back with backoff. */
  TooMany: 4429,
  /** No valid session: log in first. */
  Unauthorized: 4501,
  /** Revoked by the operator. */
  Revoked: 4503,
} as const;

/** A code that the server closes with. */
export type CloseCode = typeof CloseCode[keyof typeof CloseCode];

/** The reason sent along with 1008, fixed because clients and operators search for it. */
export const BACKPRESSURE_REASON = "back-pressure threshold exceeded";
