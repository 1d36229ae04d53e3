/**
 * Long loops that leave time for other tasks.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** How long a loop may hold the event loop at a time, in milliseconds. */
const SLICE_MS = 2;

/** Items between two looks at the clock. */
const CLOCK_EVERY = 32;

/**
 * Calls a function for each item, over as many turns of the event loop as it takes: a table of all
 * connections must not delay their messages. Items that are removed meanwhile may be left out.
 */
export async function forEachInTurns<T>(
  items: Iterable<T>,
  visit: (item: T) => void,
  now: () => number = () => performance.now(),
): Promise<void> {
  let until = now() + SLICE_MS;
  let count = 0;
  for (const item of items) {
    visit(item);
    if (++count % CLOCK_EVERY !== 0 || now() < until) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    until = now() + SLICE_MS;
  }
}
