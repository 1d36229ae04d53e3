/**
 * A cache around an authority that records what it is asked.
 *
 * @module
 */

import { CachingAuthority } from "../../live/directus/caching_authority.ts";
import type { Authentication, Authorisation } from "../../live/domain/authority.ts";
import type { Credential } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { fakeAuthority, userOf } from "../support/authorities.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { topicOf } from "./setup.ts";

type Answer = Authentication | Authorisation;

/** How long an answer is reused, in milliseconds, unless a test says otherwise. */
export const TTL_MS = 5_000;

/** The answer if the authority could not be asked. */
export const UNAVAILABLE = { kind: "unavailable", reason: "down", retryAfterMs: 1 } as const;

/** What the tests ask about: a session, or a session's right to a topic. */
export const QUESTIONS = [
  {
    verb: "authenticate",
    topic: undefined,
    key: "ada",
    yes: { kind: "authenticated", user: userOf("ada") },
    no: { kind: "unauthorized" },
  },
  {
    verb: "authorise",
    topic: "event:1",
    key: "ada event:1",
    yes: { kind: "allowed" },
    no: { kind: "forbidden" },
  },
] as const;

/** A cache on a clock that stands still. */
export class CachingSetup {
  /** The time, in milliseconds. */
  now = 0;
  /** Answers that override a yes, by `ada` or `ada event:1`. */
  readonly answers: Map<string, Answer | Promise<Answer>> = new Map();
  /** What was counted. */
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  /** What the authority was asked. */
  readonly asked: string[];
  /** The cache. */
  readonly cache: CachingAuthority;

  /** Creates an empty cache. */
  constructor({ ttlMs = TTL_MS, maxEntries }: { ttlMs?: number; maxEntries?: number } = {}) {
    const authority = fakeAuthority({
      authenticate: async (cookie) => {
        const name = nameOf(cookie);
        const answer = await this.answers.get(name);
        return (answer ?? { kind: "authenticated", user: userOf(name) }) as Authentication;
      },
      authorise: async (cookie, { name }) => {
        const answer = await this.answers.get(`${nameOf(cookie)} ${name}`);
        return (answer ?? { kind: "allowed" }) as Authorisation;
      },
    });
    this.asked = authority.asked;
    this.cache = new CachingAuthority(authority, {
      ttlMs,
      metrics: this.metrics,
      now: () => this.now,
      ...(maxEntries === undefined ? {} : { maxEntries }),
    });
  }

  /** Asks whose session it is, or about its right to a topic; resolves to the answer's kind. */
  async ask(name: string, topic?: string, fresh = false): Promise<string> {
    const cookie = new SessionCookie("session", name);
    const answer = topic === undefined
      ? this.cache.authenticate(cookie, { fresh })
      : this.cache.authorise(cookie, topicOf(topic), { fresh });
    return (await answer).kind;
  }

  /** Asks for a fresh answer. */
  askFresh(name: string, topic?: string): Promise<string> {
    return this.ask(name, topic, true);
  }

  /** Keeps the next questions waiting until the test answers them. */
  hold(key: string): PromiseWithResolvers<Answer> {
    const held = Promise.withResolvers<Answer>();
    this.answers.set(key, held.promise);
    return held;
  }
}

function nameOf(credential: Credential): string {
  return credential.requestHeader()?.[1].replace(/.*=/, "") ?? "";
}
