/**
 * One environment variable of the configuration.
 *
 * @module
 */

import type { Rule } from "./rules.ts";

/** One environment variable. */
export interface Variable<T> {
  /** Reads its text. */
  readonly rule: Rule<T>;
  /** What it means, for `--help`. */
  readonly meaning: string;
  /** What stands for it when it is unset or empty; without one it is required. */
  readonly default?: string;
  /** What `--help` shows as its default when there is no text for it. */
  readonly defaultIs?: string;
  /** Whether its value must never be shown. */
  readonly secret?: boolean;
}

/** Makes a variable that is required, or has a default. */
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

/** Makes a variable that may be unset; `defaultIs` says what that means. */
export function optional<T>(
  rule: Rule<T>,
  meaning: string,
  defaultIs: string,
  secret = false,
): Variable<T | undefined> {
  return { rule: rule as Rule<T | undefined>, meaning, defaultIs, secret };
}
