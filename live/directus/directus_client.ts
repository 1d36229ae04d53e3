/**
 * Requests to Directus, limited to what Directus can serve.
 *
 * @module
 */

import type { Unavailable } from "../domain/authority.ts";
import { ConcurrencyLimiter } from "../domain/concurrency_limiter.ts";
import type { Logger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";
import { BearerToken, type Credential } from "../domain/credential.ts";
import { type CallResult, CircuitBreaker } from "./circuit_breaker.ts";
import { ForeignAnswers } from "./foreign_answers.ts";
import { type JsonRequestOptions, type JsonResponse, requestJson } from "./json_request.ts";
import { RetrySchedule } from "./retry_schedule.ts";

/** What the client needs. */
export interface DirectusClientOptions {
  /** Base URL of Directus, without a trailing slash. */
  readonly baseUrl: string;
  /** Upper bound of one call, and of its wait in the queue, in milliseconds. */
  readonly timeoutMs: number;
  /** Calls in flight at the same time; further calls queue. */
  readonly maxConcurrency: number;
  /** Records the queue's length and whether the circuit breaker holds calls back. */
  readonly metrics: Metrics;
  /** Logs why calls fail, once a minute and cause, and when calls are held back. */
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

/** What a call is for. */
export type CallLane = "authentication" | "authorisation" | "revalidation" | "views";

/** The lanes of calls, with the shares of the slots that they get while all of them queue. */
const WEIGHTS: Readonly<Record<CallLane, number>> = {
  /** To whom the session of a new connection belongs. */
  authentication: 4,
  /** Whether a client may subscribe to a topic. */
  authorisation: 2,
  /** Whether connected sessions and their rights are still valid. */
  revalidation: 2,
  /** Reads of views, and which users may share them. */
  views: 1,
};

/** Options of a call. */
export interface CallOptions extends Pick<JsonRequestOptions, "search" | "maxBytes"> {
  /** What the call is for. @default {"authentication"} */
  readonly lane?: CallLane;
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
    options?: CallOptions,
  ): Promise<CompletedCall | Unavailable>;
  /**
   * Resolves to what is wrong with the last answer if something other than Directus gave it; to `undefined`
   * if Directus did, or if nothing answered. If in doubt, it asks Directus a question of its own.
   */
  foreignAnswer(): Promise<string | undefined>;
}

/** Calls that may wait for a slot, in each lane. */
const MAX_QUEUED = 4_096;

/**
 * Creates a client whose calls share one concurrency limit and one circuit breaker.
 *
 * While all lanes queue, each gets its share of the slots. So a flood of made-up sessions cannot keep the
 * server from noticing that a session is over. And a user who asks for thousands of topics cannot keep new
 * clients out. Revalidations wait without a time limit, because their caller limits their number.
 */
export function createDirectusClient(options: DirectusClientOptions): DirectusClient {
  const { baseUrl, timeoutMs, maxConcurrency, metrics, logger, fetch, now } = options;
  const bounds = { maxQueued: MAX_QUEUED, maxWaitMs: timeoutMs };
  const limiter = new ConcurrencyLimiter({
    maxConcurrency,
    lanes: {
      probe: { weight: Infinity },
      authentication: { weight: WEIGHTS.authentication, ...bounds },
      authorisation: { weight: WEIGHTS.authorisation, ...bounds },
      revalidation: { weight: WEIGHTS.revalidation },
      views: { weight: WEIGHTS.views, ...bounds },
    },
    onChange: (inFlight, queued) => metrics.directusCalls(inFlight, queued),
    now,
  });
  const onHoldBack = () => limiter.rejectQueued();
  const breaker = new CircuitBreaker({ ...options, probe, onHoldBack });
  const scheduleOf = (lane: CallLane) =>
    new RetrySchedule({
      ...options,
      estimateWaitMs: (callers) => limiter.estimateWaitMs(lane, callers),
    });
  const retries: Record<CallLane, RetrySchedule> = {
    authentication: scheduleOf("authentication"),
    authorisation: scheduleOf("authorisation"),
    revalidation: scheduleOf("revalidation"),
    views: scheduleOf("views"),
  };
  const warnings = new WarningThrottle(logger);
  const foreignAnswers = new ForeignAnswers({ ask: askUnknown, now });

  async function get(
    path: string,
    credential: Credential,
    { lane = "authentication", ...request }: CallOptions = {},
  ): Promise<CompletedCall | Unavailable> {
    const rejection = breaker.check();
    if (rejection !== undefined) return rejection;
    using slot = await limiter.acquire(lane);
    if (breaker.isHoldingBack) return breaker.rejection(); // began while queued
    if (slot === undefined) return queueFull(retries[lane].delayMs(credential.hash()));
    const startedAt = now();
    const response = await send(path, credential, request);
    breaker.record(resultOf(response)); // before the slot is freed: the next call may be held back
    return { kind: "completed", response, elapsedMs: now() - startedAt };
  }

  /**
   * Asks Directus for the user of a made-up token. Directus has to look it up in its database, so a denial
   * shows that both work.
   */
  async function probe(settle: (result: CallResult) => void): Promise<void> {
    using slot = await limiter.acquire("probe");
    if (slot === undefined) return settle({ kind: "inconclusive" });
    settle(resultOf(await askUnknown()));
  }

  function askUnknown(): Promise<JsonResponse> {
    return send("/users/me?fields=id", new BearerToken(crypto.randomUUID()));
  }

  async function send(
    path: string,
    credential: Credential,
    request: Pick<JsonRequestOptions, "search" | "maxBytes"> = {},
  ): Promise<JsonResponse> {
    const response = await requestJson(`${baseUrl}${path}`, {
      ...request,
      credential,
      timeoutMs,
      fetch,
    });
    const reason = troubleOf(response, request.search !== undefined);
    if (reason !== undefined) warnings.warn("call to Directus failed", reason);
    foreignAnswers.record(response);
    return response;
  }

  return { get, foreignAnswer: () => foreignAnswers.fault() };
}

function queueFull(retryAfterMs: number): Unavailable {
  return { kind: "unavailable", reason: "too many calls to Directus are queued", retryAfterMs };
}

/**
 * Returns what a response says about Directus's health. A response that is not from Directus means that
 * Directus is down.
 */
function resultOf(response: JsonResponse): CallResult {
  if (response.kind !== "failed") return { kind: "success" };
  const { cause, reason, retryAfterMs } = response;
  if (cause === "rate-limit") return { kind: "rate-limited", retryAfterMs };
  return cause === "other" ? { kind: "inconclusive" } : { kind: "failure", reason };
}

/**
 * Returns what an operator should know about a response, if anything. Directus's reason is left out,
 * because it may repeat what a client sent. Rejected searches are not reported: a search is a client's own
 * query.
 */
function troubleOf(response: JsonResponse, isSearch: boolean): string | undefined {
  if (response.kind === "failed") return response.reason;
  if (response.kind !== "rejected" || isSearch) return undefined;
  return `status ${response.status} ${response.code}`;
}
