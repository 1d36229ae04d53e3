/**
 * What the history of all topics may hold.
 *
 * @module
 */

/** What all topics' histories hold together. */
export interface HistoryBudget {
  /** Length of all publications held, in UTF-16 code units. */
  used: number;
}

/** A topic's history, as far as it can be made smaller. */
export interface Droppable {
  /** Drops all of the log that its readers have read. The state stays. */
  dropLog(): void;
  /** Drops the state, and all of the log that its readers have read. */
  clear(): void;
}

/**
 * What is left after dropping, as a fraction of the bound. Without this slack, every publication
 * past the bound would visit all topics again.
 */
const SHRINK_TO = 0.9;

/**
 * Drops what topics in use hold past a bound, from the least recently used topic on: first the logs,
 * as a client that cannot recover gets the whole state, and only then the states.
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
