/**
 * Findings of checks.
 *
 * @module
 */

/** How serious a finding is. */
export type Level = "ok" | "warning" | "fault" | "skipped";

/** One line of the report. */
export interface Finding {
  /** What was checked. */
  readonly check: string;
  /** `fault` if it does not work, `warning` if it may not, `skipped` if it could not be checked. */
  readonly level: Level;
  /** What was found. */
  readonly message: string;
  /** What to do about it. */
  readonly cure?: string;
}

/** Makes the findings of one check. */
export interface Findings {
  /** It works. */
  ok(message: string): Finding;
  /** It may fail, or only in part of the cases. */
  warning(message: string, cure: string): Finding;
  /** It does not work. */
  fault(message: string, cure: string): Finding;
  /** It could not be checked; the cure says what the check needs. */
  skipped(message: string, cure?: string): Finding;
}

/** Returns the functions that create the findings of a check. */
export function findingsOf(check: string): Findings {
  return {
    ok: (message) => ({ check, level: "ok", message }),
    warning: (message, cure) => ({ check, level: "warning", message, cure }),
    fault: (message, cure) => ({ check, level: "fault", message, cure }),
    skipped: (message, cure) => ({
      check,
      level: "skipped",
      message,
      ...(cure === undefined ? {} : { cure }),
    }),
  };
}
