/**
 * The authority that asks Directus, with the user's own session.
 *
 * @module
 */

import type { Authority } from "../domain/authority.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { TopicSource } from "../domain/topic.ts";
import { readUser, readUserAgain } from "./answers.ts";
import { createCalls } from "./calls.ts";
import { Rights } from "./rights.ts";

/** What the authority needs. */
export interface DirectusAuthorityOptions {
  /** Where Directus is, without a slash at the end; a path prefix is kept. */
  readonly baseUrl: string;
  /** Upper bound of one call, its wait in the queue included, in milliseconds. */
  readonly timeoutMs: number;
  /** Calls in flight; the rest queue. @default {16} */
  readonly maxConcurrency?: number;
  /** Collections behind prefixes; a prefix that is missing is the collection's own name. */
  readonly topics: ReadonlyMap<string, TopicSource>;
  /** Takes the calls' latencies, how many there are, and whether they are held back. */
  readonly metrics: Metrics;
  /** Told when calls are held back, and when they go on. @default {silentLogger} */
  readonly logger?: Logger;
  /** Makes the calls. @default {globalThis.fetch} */
  readonly fetch?: typeof fetch;
  /** A clock that never goes back, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
  /** Returns a number from 0 to below 1. @default {Math.random} */
  readonly random?: () => number;
}

/**
 * Creates the authority on Directus.
 *
 * 401 and 403 are denials, and nothing else is: a 429, a 5xx or an answer that cannot be
 * understood says nothing about the user, and is `unavailable`. So is a call that was not made
 * as too many wait already, or as Directus is failing.
 */
export function createDirectusAuthority(options: DirectusAuthorityOptions): Authority {
  const { metrics } = options;
  const call = createCalls({
    maxConcurrency: 16,
    logger: silentLogger,
    fetch: globalThis.fetch,
    now: () => performance.now(),
    random: Math.random,
    ...options,
  });
  const rights = new Rights({ ...options, call });
  return {
    async authenticate(cookie, { fresh = false } = {}) {
      const called = await call("/users/me?fields=id,email,role,first_name,last_name", cookie);
      if (called.kind === "unavailable") return called;
      const answer = (fresh ? readUserAgain : readUser)(called.answer);
      metrics.authenticated(RESULT[answer.kind], called.elapsedMs);
      return answer;
    },
    authorise: (cookie, topic) => rights.ask(cookie, topic),
  };
}

const RESULT = {
  authenticated: "ok",
  unauthorized: "unauthorized",
  unavailable: "error",
} as const;
