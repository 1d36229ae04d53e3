/**
 * Every call to Directus, held to what Directus can bear.
 *
 * @module
 */

import type { Unavailable } from "../domain/authority.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";
import { Breaker, type Outcome } from "./breaker.ts";
import { Gate } from "./gate.ts";
import { getJson, type JsonAnswer } from "./get_json.ts";

/** What calls need. */
export interface CallsOptions {
  /** Where Directus is, without a slash at the end. */
  readonly baseUrl: string;
  /** Upper bound of one call, its wait in the queue included, in milliseconds. */
  readonly timeoutMs: number;
  /** Calls in flight; the rest queue. */
  readonly maxConcurrency: number;
  /** Takes the state of the queue and of the breaker. */
  readonly metrics: Metrics;
  /** Told of calls that failed, and when they are held back. */
  readonly logger: Logger;
  /** Makes the calls. */
  readonly fetch: typeof fetch;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
}

/** A call that was made. */
export interface Called {
  /** Tells the union's members apart. */
  readonly kind: "called";
  /** What came of it. */
  readonly answer: JsonAnswer;
  /** How long it took, without its wait in the queue, in milliseconds. */
  readonly elapsedMs: number;
}

/** Gets a path of Directus with a session's cookie, or tells why and until when it does not. */
export type Call = (path: string, cookie: SessionCookie) => Promise<Called | Unavailable>;

/** When to ask again if Directus did not say, in milliseconds. */
export const RETRY_AFTER_MS = 2_000;

/** Calls that wait for their turn, at most. */
const MAX_QUEUED = 4_096;

/** The share of its time that a call may wait; the rest is for Directus to answer. */
const WAITING_SHARE = 0.5;

/** Creates what makes all calls: through one gate, and past one breaker. */
export function createCalls(options: CallsOptions): Call {
  const { baseUrl, timeoutMs, maxConcurrency, logger, fetch, now } = options;
  const gate = new Gate({
    ...options,
    maxInFlight: maxConcurrency,
    maxQueued: MAX_QUEUED,
    maxWaitMs: timeoutMs * WAITING_SHARE,
  });
  const breaker = new Breaker({ ...options, onHold: (answer) => gate.clear(answer) });

  return async (path, cookie) => {
    const source = cookie.hash();
    const permit = breaker.ask(source);
    if (permit.kind === "unavailable") return permit;
    let outcome: Outcome = { kind: "none" };
    const turn = await gate.enter(source);
    try {
      if (turn.kind === "unavailable") return turn;
      if (breaker.isHolding()) return breaker.refusal(); // since this very turn of the loop
      const startedAt = now();
      const answer = await getJson(`${baseUrl}${path}`, {
        cookie,
        timeoutMs: Math.ceil(timeoutMs - turn.waitedMs),
        fetch,
      });
      outcome = outcomeOf(path, answer);
      if (outcome.kind === "fault") {
        const { reason } = outcome; // told here, not by each who asked: the breaker bounds how often
        logger.warn("call to Directus failed", { reason });
      }
      return { kind: "called", answer, elapsedMs: now() - startedAt };
    } finally {
      permit.settle(outcome); // first: who is next in the queue must not go out if it says so
      if (turn.kind === "turn") turn.leave();
    }
  };
}

/**
 * Returns what an answer says of Directus. Only what no client can bring about is a fault: a
 * header too large for it, a redirect or an unknown route say nothing.
 */
function outcomeOf(path: string, answer: JsonAnswer): Outcome {
  switch (answer.kind) {
    case "json":
    case "denied":
      return { kind: "ok" };
    case "not-json": // `/users/me` takes it for a no
      return path.startsWith("/items/")
        ? { kind: "fault", reason: "answer is not JSON" }
        : { kind: "none" };
    case "failed":
      break;
  }
  const { cause, reason, retryAfterMs = RETRY_AFTER_MS } = answer;
  if (cause === "limited") return { kind: "limited", retryAfterMs };
  return cause === "fault" ? { kind: "fault", reason } : { kind: "none" };
}
