/**
 * The error that ends a subscription.
 *
 * @module
 */

/**
 * Thrown by iterations and handed to `onError` when the server refused a topic or the connection has
 * ended permanently. A connection that merely broke is not an error: the client reconnects.
 */
export class LiveError extends Error {
  /**
   * What happened, for programs. For one topic or view: `forbidden`, `bad-topic`, `bad-view` or
   * `limit`. For the whole connection, its close code: 4501 without a valid session, 4401 if the
   * session ended again and again, 4403 if the page's origin is not allowed, 4503 if revoked, 1009
   * after a message that was too big, 1000 after {@linkcode Live.close}, 1006 if no WebSocket could
   * be created.
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
