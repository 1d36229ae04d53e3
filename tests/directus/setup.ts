/**
 * The authority on a stand-in for Directus, or on responses that a test gives.
 *
 * @module
 */

import { assert } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import type { Authority } from "../../live/domain/authority.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { parseTopic, type Topic } from "../../live/domain/topic.ts";
import { BASE, options } from "../support/directus.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { createDirectusStandIn, type DirectusStandIn } from "./stand_in.ts";
import type { DirectusStandInOptions } from "./stand_in/options.ts";

/** Upper bound of one call, in milliseconds. */
export const TIMEOUT_MS = 5_000;

/** The answer if Directus did not say when to retry, without its reason. */
export const UNAVAILABLE = { kind: "unavailable", retryAfterMs: 2_000 } as const;

/** A cookie for responses that do not depend on it. */
export const anyCookie: SessionCookie = new SessionCookie("directus_session_token", "s3cr3t");

/** Route of item lists. */
export const LIST = "GET /items/:collection";
/** Route of single items. */
export const ITEM = "GET /items/:collection/:id";

/** What may differ from test to test. */
export interface AuthoritySetupOptions {
  /** Options of the stand-in. @default {those of support/directus.ts} */
  readonly standIn?: Partial<DirectusStandInOptions>;
  /** Sends the requests. @default {the stand-in's} */
  readonly fetch?: typeof globalThis.fetch;
  /** Base URL of Directus. @default {BASE} */
  readonly baseUrl?: string;
}

/** An authority on a stand-in, and a session of Ada's. It maps `event` and `place`. */
export class AuthoritySetup {
  /** The circuit breaker's clock, in milliseconds. */
  now = 0;
  /** The stand-in. */
  readonly directus: DirectusStandIn;
  /** What the authority counted. */
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  /** The authority. */
  readonly authority: Authority;
  /** Ada's session. */
  readonly cookie: SessionCookie;

  /** Creates them. */
  constructor({ standIn, fetch, baseUrl = BASE }: AuthoritySetupOptions = {}) {
    this.directus = createDirectusStandIn({ ...options, ...standIn });
    this.authority = createDirectusAuthority({
      baseUrl,
      timeoutMs: TIMEOUT_MS,
      topics: new Map([
        ["event", { collection: "events", primaryKey: "id" }],
        ["place", { collection: "places", primaryKey: "slug" }],
      ]),
      metrics: this.metrics,
      now: () => this.now,
      fetch: fetch ?? this.directus.fetch,
    });
    this.cookie = cookieOf(this.directus.session("ada-id"));
  }

  /** Asks for all topics at the same time; resolves to the kinds of the answers. */
  async authorise(topics: readonly string[], cookie = this.cookie): Promise<string[]> {
    const answers = topics.map((topic) => this.authority.authorise(cookie, topicOf(topic)));
    return (await Promise.all(answers)).map(({ kind }) => kind);
  }

  /** Number of lists and of single items that Directus was asked for. */
  get calls(): [lists: number, items: number] {
    return [this.directus.count(LIST), this.directus.count(ITEM)];
  }
}

/** Creates an authority to which Directus always responds the same. */
export function respondingWith(body: BodyInit | null, init: ResponseInit = {}): AuthoritySetup {
  return new AuthoritySetup({ fetch: () => Promise.resolve(new Response(body, init)) });
}

/** Returns the session cookie of a `Cookie` header. */
export function cookieOf(header: string): SessionCookie {
  const equals = header.indexOf("=");
  return new SessionCookie(header.slice(0, equals), header.slice(equals + 1));
}

/** Parses a topic's name, which must be valid. */
export function topicOf(name: string): Topic {
  const topic = parseTopic(name);
  assert(topic, `bad topic ${name}`);
  return topic;
}

/** Returns a URL without the parameter that bypasses Directus's cache. */
export function withoutCacheBuster(url: string): string {
  return url.replace(/&alias\[n[0-9a-f]{8}\]=\w+$/, "");
}

/** Returns the topics of the items 1 to n of the collection `many`. */
export function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `many:${index + 1}`);
}

/** Returns an array of equal kinds. */
export function all(kind: string, count: number): string[] {
  return Array<string>(count).fill(kind);
}
