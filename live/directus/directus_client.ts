/**
 * Requests to Directus, limited to what Directus can serve.
 *
 * @module
 */

import type { Unavailable } from "../domain/authority.ts";
import { ConcurrencyLimiter } from "../domain/concurrency_limiter.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { Credential } from "../domain/credential.ts";
import { type CallResult, CircuitBreaker } from "./circuit_breaker.ts";
import { type JsonRequestOptions, type JsonResponse, requestJson } from "./json_request.ts";
import { RetrySchedule } from "./retry_schedule.ts";

/** What the client needs. */
export interface DirectusClientOptions {
  /** Base URL of Directus, without a trailing slash. */
  readonly baseUrl: string;
  /** Upper bound of one call, its wait in the queue included, in milliseconds. */
  readonly timeoutMs: number;
  /** Calls in flight at the same time; further calls queue. */
  readonly maxConcurrency: number;
  /** Records the queue's length and whether the circuit breaker holds calls back. */
  readonly metrics: Metrics;
  /** Logs failed calls, and when calls are held back. */
  readonly logger: Logger;
  /** Sends the requests. */
  readonly fetch: typeof fetch;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
}

/** A call that was made, whether Directus responded or not. */
export interface CompletedCall {
  /** Tells the union's members apart. */
  readonly kind: "completed";
  /** Directus's response, or why there is none. */
  readonly response: JsonResponse;
  /** How long the call took, without its wait in the queue, in milliseconds. */
  readonly elapsedMs: number;
}

/** Sends requests to Directus. */
export interface DirectusClient {
  /**
   * Sends a GET, or a SEARCH if there is something to search for. Resolves to `unavailable` if the call
   * was not made, because the queue is full or the circuit breaker is open.
   */
  get(
    path: string,
    credential: Credential,
    options?: Pick<JsonRequestOptions, "search" | "maxBytes">,
  ): Promise<CompletedCall | Unavailable>;
}

/** Calls that may wait for a slot. */
const MAX_QUEUED = 4_096;

/** Share of a call's timeout that it may spend in the queue; the rest is for Directus to respond. */
const MAX_QUEUE_SHARE = 0.5;

/** Creates a client whose calls share one concurrency limit and one circuit breaker. */
export function createDirectusClient(options: DirectusClientOptions): DirectusClient {
  const { baseUrl, timeoutMs, maxConcurrency, metrics, logger, fetch, now } = options;
  const limiter = new ConcurrencyLimiter({
    maxConcurrency,
    maxQueued: MAX_QUEUED,
    maxWaitMs: timeoutMs * MAX_QUEUE_SHARE,
    onChange: (inFlight, queued) => metrics.directusCalls(inFlight, queued),
    now,
  });
  const breaker = new CircuitBreaker({ ...options, onHoldBack: () => limiter.rejectQueued() });
  const retries = new RetrySchedule({ ...options, limiter });

  async function get(
    path: string,
    credential: Credential,
    more: Pick<JsonRequestOptions, "search" | "maxBytes"> = {},
  ): Promise<CompletedCall | Unavailable> {
    const source = credential.hash();
    const permit = breaker.acquire(source);
    if (permit.kind === "unavailable") return permit;
    let result: CallResult = { kind: "inconclusive" };
    using slot = await limiter.acquire();
    try {
      if (breaker.isHoldingBack) return breaker.rejection(); // began while this call was queued
      if (slot === undefined) return queueFull(retries.delayMs(source));
      const startedAt = now();
      const response = await requestJson(`${baseUrl}${path}`, {
        ...more,
        credential,
        timeoutMs: Math.ceil(timeoutMs - slot.waitedMs),
        fetch,
      });
      result = resultOf(response);
      if (result.kind === "failure") {
        // Logged here and not by each caller, so that the circuit breaker bounds how often.
        logger.warn("call to Directus failed", { reason: result.reason });
      }
      return { kind: "completed", response, elapsedMs: now() - startedAt };
    } finally {
      permit.settle(result); // before the slot is freed: the next call must not go out if this failed
    }
  }

  return { get };
}

function queueFull(retryAfterMs: number): Unavailable {
  return { kind: "unavailable", reason: "too many calls to Directus are queued", retryAfterMs };
}

/**
 * Returns what a response says about Directus's health. Only what no client can provoke is a
 * failure: a header that is too large, a redirect and an unknown route are inconclusive.
 */
function resultOf(response: JsonResponse): CallResult {
  if (response.kind !== "failed") return { kind: "success" };
  const { cause, reason, retryAfterMs } = response;
  if (cause === "rate-limit") return { kind: "rate-limited", retryAfterMs };
  return cause === "outage" ? { kind: "failure", reason } : { kind: "inconclusive" };
}
