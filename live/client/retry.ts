/**
 * When to come back, if at all.
 *
 * @module
 */

/** The close code with which the server asks for a fresh cookie. */
export const SESSION_ENDED = 4401;

/** The close code that stands for none: the connection broke, or was never made. */
export const ABNORMAL = 1006;

/** After these coming back is of no use: message too big, foreign origin, no session, revoked. */
const TERMINAL = [1009, 4403, 4501, 4503];

/** The first wait, at most, and the longest, in milliseconds. */
const BASE_MS = 500;
const CAP_MS = 30_000;

/** Tells whether a close code is the end. */
export function isTerminal(code: number): boolean {
  return TERMINAL.includes(code);
}

/**
 * Returns how long to wait, in milliseconds, until a connection is tried again: as long as a server
 * that shuts down has said, else any time up to a bound that doubles with each attempt. All
 * of it is left to chance (full jitter), as a server that comes back must not meet all its clients
 * in one moment.
 *
 * @param reason The close reason; that of a server that shuts down says when to come back.
 * @param attempts How many attempts have failed since the last connection that lived.
 * @param random Source of chance, from 0 to 1.
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
  const told = /retry in (\d+)/.exec(reason)?.[1];
  return told === undefined ? random() * Math.min(CAP_MS, BASE_MS * 2 ** attempts) : Number(told);
}
