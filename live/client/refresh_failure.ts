/**
 * What a failed refresh of the session says.
 *
 * @module
 */

/** What is read of an error, whoever threw it: Directus's SDK, `fetch`, or the program. */
interface Failure {
  /** An HTTP status. */
  readonly status?: unknown;
  /** The response of the SDK's errors. */
  readonly response?: { readonly status?: unknown };
  /** The text of an `Error`. */
  readonly message?: string;
}

/** Statuses that say "no", unlike those that say "later": a time-out, too early, too many requests. */
const DENIALS = /^4(?!08|25|29)\d\d$/;

/**
 * Returns whether an error is Directus's last word, so that trying again is useless: the session cannot
 * be renewed, or the request is wrong.
 */
export function isFinal(error: unknown): boolean {
  const failure = error as Failure | null | undefined;
  return DENIALS.test(`${failure?.response?.status ?? failure?.status}`);
}

/** Returns an error's text for people. Older SDKs throw plain objects. */
export function messageOf(error: unknown): string {
  return (error as Failure | null | undefined)?.message || String(error);
}
