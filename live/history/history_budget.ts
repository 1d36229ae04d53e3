/**
 * The bound of all topics' histories together.
 *
 * @module
 */

/** The size of all topics' histories together. */
export interface HistoryBudget {
  /** Length of all publications held, in UTF-16 code units. */
  used: number;
}

/** A topic's history, of which parts can be dropped. */
export interface Droppable {
  /** Drops all of the log that its readers have read. The state stays. */
  dropLog(): void;
  /** Drops the state, and all of the log that its readers have read. */
  clear(): void;
}

/**
 * How much is kept when parts are dropped, as a fraction of the bound. Without this slack, every
 * publication past the bound would visit all topics again.
 */
const SHRINK_TO = 0.9;

/**
 * Drops parts of topics in use until they are within a bound, beginning with the least recently used topic.
 * The logs go first, because a client that cannot recover still gets the whole state. Only then it drops
 * states.
 */
export function shrink(
  histories: Iterable<Droppable>,
  budget: HistoryBudget,
  maxBytes: number,
): void {
  if (budget.used <= maxBytes) return;
  const all = [...histories];
  for (const drop of ["dropLog", "clear"] as const) {
    for (const history of all) {
      if (budget.used <= maxBytes * SHRINK_TO) return;
      history[drop]();
    }
  }
}
