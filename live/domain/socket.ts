/**
 * The seam to a transport.
 *
 * @module
 */

/**
 * What a connection needs of a WebSocket: Deno's own has it, and so has any that a transport
 * hands over.
 */
export type Socket = Pick<WebSocket, "send" | "close" | "bufferedAmount" | "readyState">;
