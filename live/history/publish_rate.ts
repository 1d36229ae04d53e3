/**
 * How busy a topic is.
 *
 * @module
 */

import type { LoggedPublication } from "../domain/broker.ts";

/** A publication's time. */
type Timed = Pick<LoggedPublication, "at">;

/** The time over which messages are counted, in milliseconds. */
const WINDOW_MS = 10_000;

/** The shortest time over which a full history is measured, in milliseconds. */
const MIN_WINDOW_MS = 100;

/**
 * Returns the publications a second over the last ten seconds. If the log covers less time because it is
 * full, it measures over that time. It looks at only a few entries, however many there are.
 *
 * @param entries Publications with their times in milliseconds since 1970, the oldest first.
 * @param start Index of the first publication that is held.
 * @param isCut Whether earlier publications were dropped.
 */
export function publishRate(
  entries: readonly (Timed | undefined)[],
  start: number,
  isCut: boolean,
): number {
  const now = Date.now();
  const timeOf = (index: number) => entries[index]?.at ?? 0;
  let [low, high] = [start, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timeOf(middle) > now - WINDOW_MS) high = middle;
    else low = middle + 1;
  }
  const count = entries.length - low;
  if (count === 0) return 0;
  const isCovered = low > start || !isCut;
  const windowMs = isCovered ? WINDOW_MS : Math.max(MIN_WINDOW_MS, now - timeOf(low));
  return count * 1_000 / windowMs;
}
