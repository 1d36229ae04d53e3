/**
 * What the tests of the authority on Directus share.
 *
 * @module
 */

import { assert, assertGreaterOrEqual } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import type { Authority } from "../../live/domain/authority.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { parseTopic, type Topic } from "../../live/domain/topic.ts";
import { BASE } from "./fixtures.ts";

/** Upper bound of one call, in milliseconds. */
export const TIMEOUT_MS = 5_000;

/** The answer when Directus did not say when to ask again, without its reason. */
export const UNAVAILABLE = { kind: "unavailable", retryAfterMs: 2_000 } as const;

/** A cookie for answers that do not depend on it. */
export const anyCookie: SessionCookie = new SessionCookie("directus_session_token", "s3cr3t");

/** An authority, and what it counted. */
export interface Asked extends Authority {
  /** Verbs and results, such as `authenticated ok`. */
  readonly counted: string[];
}

/** Creates an authority whose calls a function makes. It maps `event` and `place`. */
export function createAuthority(fetch: typeof globalThis.fetch, baseUrl = BASE): Asked {
  const counted: string[] = [];
  const count = (verb: string) => (result: string, elapsedMs: number) => {
    assertGreaterOrEqual(elapsedMs, 0);
    counted.push(`${verb} ${result}`);
  };
  const metrics = {
    ...silentMetrics,
    authenticated: count("authenticated"),
    authorised: count("authorised"),
  };
  const topics = new Map([
    ["event", { collection: "events", primaryKey: "id" }],
    ["place", { collection: "places", primaryKey: "slug" }],
  ]);
  const authority = createDirectusAuthority({
    baseUrl,
    timeoutMs: TIMEOUT_MS,
    topics,
    metrics,
    fetch,
  });
  return { ...authority, counted };
}

/** The session's cookie of a `Cookie` header. */
export function cookieOf(pair: string): SessionCookie {
  const equals = pair.indexOf("=");
  return new SessionCookie(pair.slice(0, equals), pair.slice(equals + 1));
}

/** Takes a topic's name apart. */
export function topicOf(name: string): Topic {
  const topic = parseTopic(name);
  assert(topic, `bad topic ${name}`);
  return topic;
}

/** Answers every call alike. */
export function always(body: BodyInit | null, init: ResponseInit = {}): typeof globalThis.fetch {
  return () => Promise.resolve(new Response(body, init));
}

/** Returns a URL without what makes it another each time. */
export function withoutNonce(url: string): string {
  return url.replace(/&alias\[n[0-9a-f]{8}\]=\w+$/, "");
}
