/**
 * Why a subscription or the connection has ended for good.
 *
 * @module
 */

/**
 * Says that a topic or the server is closed to this client. What passes, such as a broken
 * connection, is no error: the client comes back by itself.
 */
export class LiveError extends Error {
  /**
   * What it was, for programs. Of one topic: `forbidden`, `bad-topic` or `limit`. Of the whole
   * connection, its close code: 4501 without a valid session, 4401 if that has ended, 4403 for a
   * page of a foreign origin, 4503 if revoked, 1009 after too big a message; 1000 after
   * {@linkcode Live.close}, 1006 if no WebSocket could be created.
   */
  readonly code: string | number;
  /** Tells it from other errors. */
  override readonly name = "LiveError";

  /** Creates an error. */
  constructor(code: string | number, message: string) {
    super(message);
    this.code = code;
  }
}
