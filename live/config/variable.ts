/**
 * One environment variable of the configuration.
 *
 * @module
 */

import type { Rule } from "./rules.ts";

/** One environment variable. */
export interface Variable<T> {
  /** Parses its text. */
  readonly rule: Rule<T>;
  /** What it means, for `--help`. */
  readonly meaning: string;
  /**
   * The text that is parsed if the variable is unset or empty. Without it, the variable has no default
   * value.
   */
  readonly default?: string;
  /** What `--help` shows as the default if the text of the default would not explain it. */
  readonly defaultIs?: string;
  /** Whether its value is never shown. */
  readonly secret?: boolean;
}

/** Creates a variable that has a default, or is required if it has none. */
export function variable<T>(
  rule: Rule<T>,
  meaning: string,
  defaultValue?: string | number,
  defaultIs?: string,
): Variable<T> {
  return {
    rule,
    meaning,
    ...(defaultValue === undefined ? {} : { default: String(defaultValue) }),
    ...(defaultIs === undefined ? {} : { defaultIs }),
  };
}

/** Creates a variable that may be unset; `defaultIs` says what happens then. */
export function optional<T>(
  rule: Rule<T>,
  meaning: string,
  defaultIs: string,
  secret = false,
): Variable<T | undefined> {
  return { rule: rule as Rule<T | undefined>, meaning, defaultIs, secret };
}
