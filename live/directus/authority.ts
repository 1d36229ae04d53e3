/**
 * The authority that asks Directus, with the user's own session.
 *
 * @module
 */

import type { Authority } from "../domain/authority.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { TopicSource } from "../domain/topic.ts";
import { createDirectusClient, type DirectusClient } from "./directus_client.ts";
import { ItemAccess } from "./item_access.ts";
import { readUser } from "./responses.ts";

/** What the authority needs. */
export interface DirectusAuthorityOptions {
  /** Base URL of Directus, without a trailing slash; may have a path. */
  readonly baseUrl: string;
  /** Upper bound of one call, and of its wait in the queue, in milliseconds. */
  readonly timeoutMs: number;
  /** Calls in flight at the same time; further calls queue. @default {16} */
  readonly maxConcurrency?: number;
  /** Collections by topic prefix. A prefix that is not listed is the collection's own name. */
  readonly topics: ReadonlyMap<string, TopicSource>;
  /** Records call latencies, the queue's length, and whether calls are held back. */
  readonly metrics: Metrics;
  /** Logs failed calls, and when calls are held back. @default {silentLogger} */
  readonly logger?: Logger;
  /** Sends the requests. @default {globalThis.fetch} */
  readonly fetch?: typeof fetch;
  /** Monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
  /** Returns a number from 0 to below 1. @default {Math.random} */
  readonly random?: () => number;
}

/**
 * Creates the authority that asks Directus.
 *
 * @param options The address of Directus, and the collections behind topics.
 * @param client Calls Directus. @default {one of its own}
 *
 * Only Directus's own 401 and 403 are denials. A 429, a 5xx or a malformed response says nothing about the
 * user, so the answer is `unavailable`. So it is for a call that was not made because the queue is full or
 * the circuit breaker is open.
 */
export function createDirectusAuthority(
  options: DirectusAuthorityOptions,
  client: DirectusClient = createDirectusClient({
    maxConcurrency: 16,
    logger: silentLogger,
    fetch: globalThis.fetch,
    now: () => performance.now(),
    random: Math.random,
    ...options,
  }),
): Authority {
  const { metrics } = options;
  const access = new ItemAccess({ ...options, client });
  return {
    async authenticate(credential, options) {
      const path = "/users/me?fields=id,email,role,first_name,last_name";
      const call = await client.get(path, credential, {
        lane: options?.fresh ? "revalidation" : "authentication",
      });
      if (call.kind === "unavailable") return call;
      const answer = readUser(call.response);
      metrics.authenticated(METRIC_RESULTS[answer.kind], call.elapsedMs);
      return answer;
    },
    authorise: (credential, topic, options) =>
      access.check(
        credential,
        topic,
        options?.fresh ? "revalidation" : "authorisation",
      ),
  };
}

const METRIC_RESULTS = {
  authenticated: "ok",
  unauthorized: "unauthorized",
  unavailable: "error",
} as const;
