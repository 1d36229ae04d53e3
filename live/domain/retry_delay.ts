/**
 * When a client that was refused should reconnect.
 *
 * @module
 */

/** Bounds of the delay, in milliseconds. */
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5_000;

/**
 * Returns a random delay of 1,000 to 5,000 milliseconds, so that clients that were refused together do
 * not reconnect together.
 */
export function retryDelayMs(): number {
  return MIN_RETRY_MS + Math.floor(Math.random() * (MAX_RETRY_MS - MIN_RETRY_MS));
}
