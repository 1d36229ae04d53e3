/**
 * Errors on their way between threads.
 *
 * @module
 */

import { BrokerUnavailable } from "../domain/broker.ts";

/** An error in a form that can be copied. The stack stays behind, because it belongs to the other thread. */
export interface Failure {
  /** Its class. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** When to try again, in milliseconds, if it is a {@linkcode BrokerUnavailable}. */
  readonly retryAfterMs?: number | undefined;
}

/** Returns an error in a form that can be copied. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  if (!(error instanceof BrokerUnavailable)) return { name, message };
  return { name, message, retryAfterMs: error.retryAfterMs };
}

/** Returns the error again, on the other side. */
export function errorOf({ name, message, retryAfterMs }: Failure): Error {
  if (retryAfterMs !== undefined) return new BrokerUnavailable(message, retryAfterMs);
  return name === "AddrInUse" ? new Deno.errors.AddrInUse(message) : new Error(message);
}
