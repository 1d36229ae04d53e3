/**
 * The authority that asks Directus, with the user's own session.
 *
 * @module
 */

import { z } from "zod";
import type { Authentication, Authorisation, Authority, Unavailable } from "../domain/authority.ts";
import type { Metrics } from "../domain/metrics.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";
import type { Topic, TopicSource } from "../domain/topic.ts";
import { getJson, type JsonAnswer } from "./get_json.ts";

/** What the authority needs. */
export interface DirectusAuthorityOptions {
  /** Where Directus is, without a slash at the end; a path prefix is kept. */
  readonly baseUrl: string;
  /** Upper bound of one call, in milliseconds. */
  readonly timeoutMs: number;
  /** Collections behind prefixes; a prefix that is missing is the collection's own name. */
  readonly topics: ReadonlyMap<string, TopicSource>;
  /** Takes the calls' latencies. */
  readonly metrics: Metrics;
  /** Makes the calls. @default {globalThis.fetch} */
  readonly fetch?: typeof fetch;
}

/** When to ask again if Directus did not say, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

const optionalText = z.string().nullable().catch(null);

/**
 * `/users/me` of a valid session. A user who may not read `directus_users` gets the id alone, so
 * all else may be missing or anything; a share's session has no id and is no user.
 */
const me = z.object({
  data: z.object({
    id: z.string().min(1),
    email: optionalText,
    role: optionalText,
    first_name: optionalText,
    last_name: optionalText,
  }),
});

/** `/items/<collection>/<id>`: one item. Some ids make Directus answer with a list instead. */
const item = z.object({ data: z.record(z.string(), z.unknown()) });

/**
 * Creates the authority on Directus.
 *
 * 401 and 403 are denials, and nothing else is: a 429, a 5xx or an answer that cannot be
 * understood says nothing about the user, and is `unavailable`.
 */
export function createDirectusAuthority(options: DirectusAuthorityOptions): Authority {
  const { baseUrl, timeoutMs, topics, metrics, fetch = globalThis.fetch } = options;

  async function get(path: string, cookie: SessionCookie): Promise<[JsonAnswer, number]> {
    const start = performance.now();
    const answer = await getJson(`${baseUrl}${path}`, { cookie, timeoutMs, fetch });
    return [answer, performance.now() - start];
  }

  return {
    async authenticate(cookie) {
      const [answer, elapsedMs] = await get(
        "/users/me?fields=id,email,role,first_name,last_name",
        cookie,
      );
      const result = readUser(answer);
      metrics.authenticated(AUTHENTICATION_RESULT[result.kind], elapsedMs);
      return result;
    },

    async authorise(cookie, topic) {
      const { collection, primaryKey } = topics.get(topic.prefix) ??
        { collection: topic.prefix, primaryKey: "id" };
      const path = `/items/${collection}/${encodeURIComponent(topic.id)}?fields=${primaryKey}`;
      const [answer, elapsedMs] = await get(path, cookie);
      const result = readRight(answer, topic, primaryKey);
      metrics.authorised(AUTHORISATION_RESULT[result.kind], elapsedMs);
      return result;
    },
  };
}

const AUTHENTICATION_RESULT = {
  authenticated: "ok",
  unauthorized: "unauthorized",
  unavailable: "error",
} as const;

const AUTHORISATION_RESULT = {
  allowed: "ok",
  forbidden: "forbidden",
  unauthorized: "unauthorized",
  unavailable: "error",
} as const;

/** Takes an answer without a user's id for a no, whatever it is: it names nobody. */
function readUser(answer: JsonAnswer): Authentication {
  if (answer.kind === "failed") return unavailable(answer);
  if (answer.kind !== "json") return { kind: "unauthorized" };
  const parsed = me.safeParse(answer.json);
  return parsed.success
    ? { kind: "authenticated", user: parsed.data.data }
    : { kind: "unauthorized" };
}

/**
 * Grants only on the very item asked for: Directus reads `01`, `+1` or `1e0` as item 1, and one
 * item must not have several topics.
 */
function readRight(answer: JsonAnswer, topic: Topic, primaryKey: string): Authorisation {
  if (answer.kind === "failed") return unavailable(answer);
  if (answer.kind === "not-json") return unavailable({ reason: "answer is not JSON" });
  if (answer.kind === "denied") {
    return { kind: answer.status === 401 ? "unauthorized" : "forbidden" };
  }
  const key = item.safeParse(answer.json).data?.data[primaryKey];
  const same = (typeof key === "string" || typeof key === "number") && String(key) === topic.id;
  return { kind: same ? "allowed" : "forbidden" };
}

function unavailable(failure: { reason: string; retryAfterMs?: number }): Unavailable {
  const { reason, retryAfterMs = RETRY_AFTER_MS } = failure;
  return { kind: "unavailable", reason, retryAfterMs };
}
