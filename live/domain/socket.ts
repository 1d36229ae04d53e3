/**
 * The seam to a transport.
 *
 * @module
 */

/** The part of a WebSocket that a connection uses. Each transport provides one. */
export type Socket = Pick<WebSocket, "send" | "close" | "bufferedAmount" | "readyState">;
