/**
 * Reading the errors of a failed refresh of the session.
 *
 * @module
 */

/** The properties that are read from an error of Directus's SDK, of `fetch`, or of the program. */
interface Failure {
  /** An HTTP status. */
  readonly status?: unknown;
  /** The response of the SDK's errors. */
  readonly response?: { readonly status?: unknown };
  /** The text of an `Error`. */
  readonly message?: string;
}

/** Statuses that mean "no". 408, 425 and 429 mean "later": timeout, too early, too many requests. */
const DENIALS = /^4(?!08|25|29)\d\d$/;

/**
 * Returns whether trying again is useless, because Directus said that the session cannot be renewed or that
 * the request is wrong.
 */
export function isFinal(error: unknown): boolean {
  const failure = error as Failure | null | undefined;
  return DENIALS.test(`${failure?.response?.status ?? failure?.status}`);
}

/** Returns an error's text for people. Older SDKs throw plain objects. */
export function messageOf(error: unknown): string {
  return (error as Failure | null | undefined)?.message || String(error);
}
