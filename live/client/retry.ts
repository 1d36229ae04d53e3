/**
 * Whether and when to reconnect.
 *
 * @module
 */

/** The close code of a session that has ended, or whose cookie was replaced. */
export const SESSION_ENDED = 4401;

/** The close code of a connection that was attempted without a valid session. */
export const NO_SESSION = 4501;

/** What browsers report if there was no close code: the connection broke, or was never established. */
export const ABNORMAL = 1006;

/**
 * Close codes after which reconnecting is useless: message too big, origin not allowed, no valid
 * session, revoked.
 */
const TERMINAL = [1009, 4403, NO_SESSION, 4503];

/** The upper bound of the first delay, and that of all delays, in milliseconds. */
const BASE_MS = 500;
const MAX_MS = 30_000;

/** Returns whether a close code rules out reconnecting. */
export function isTerminal(code: number): boolean {
  return TERMINAL.includes(code);
}

/**
 * Returns the delay before the next attempt to connect, in milliseconds. A server that shuts down names the
 * delay in its close reason. Otherwise it is random, below a bound that doubles with each attempt: full
 * jitter keeps all clients from reconnecting at the same moment after a restart of the server.
 *
 * @param reason The close reason.
 * @param attempts How many attempts have failed since the last stable connection.
 * @param random Returns a random number from 0 to 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { retryDelayMs } from "./retry.ts";
 *
 * assertEquals(retryDelayMs("server shutting down; retry in 1234", 0, Math.random), 1234);
 * assertEquals(retryDelayMs("", 3, () => 0.5), 2000);
 * ```
 */
export function retryDelayMs(
  reason: string,
  attempts: number,
  random: () => number,
): number {
  const named = /retry in (\d+)/.exec(reason)?.[1];
  return named === undefined ? random() * Math.min(MAX_MS, BASE_MS * 2 ** attempts) : Number(named);
}
