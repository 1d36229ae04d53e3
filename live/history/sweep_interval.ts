/**
 * How often brokers sweep their topics.
 *
 * @module
 */

/** Number of sweeps during a topic's time to live. */
const SWEEPS_PER_TTL = 4;

/** The longest interval of `setInterval`, in milliseconds: it is a signed 32-bit number. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** Returns the time between two sweeps of topics that are kept for `ttlMs`, both in milliseconds. */
export function sweepIntervalMs(ttlMs: number): number {
  return Math.min(Math.ceil(ttlMs / SWEEPS_PER_TTL), MAX_INTERVAL_MS);
}
