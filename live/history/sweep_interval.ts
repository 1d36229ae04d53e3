/**
 * How often brokers look after their topics.
 *
 * @module
 */

/** Sweeps in the time that a topic is kept. */
const SWEEPS_PER_TTL = 4;

/** `setInterval` takes no more than 31 bits of milliseconds. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** Returns the time between two sweeps of topics that are kept for `ttlMs`, both in milliseconds. */
export function sweepIntervalMs(ttlMs: number): number {
  return Math.min(Math.ceil(ttlMs / SWEEPS_PER_TTL), MAX_INTERVAL_MS);
}
