/**
 * Errors on their way between threads.
 *
 * @module
 */

import { BrokerUnavailable } from "../domain/broker.ts";

/** An error as it crosses: only its kind and message do, as its stack belongs to the other thread. */
export interface Failure {
  /** Its class. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** When to try again, in milliseconds, if it is a {@linkcode BrokerUnavailable}. */
  readonly retryAfterMs?: number | undefined;
}

/** Returns what crosses of an error. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  if (!(error instanceof BrokerUnavailable)) return { name, message };
  return { name, message, retryAfterMs: error.retryAfterMs };
}

/** Returns the error that has crossed. */
export function errorOf({ name, message, retryAfterMs }: Failure): Error {
  if (retryAfterMs !== undefined) return new BrokerUnavailable(message, retryAfterMs);
  return name === "AddrInUse" ? new Deno.errors.AddrInUse(message) : new Error(message);
}
