/**
 * What the tests of the shield share.
 *
 * @module
 */

import { createShield } from "../../live/directus/shield.ts";
import type { Authentication, Authorisation, Authority } from "../../live/domain/authority.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { fakeAuthority, userOf } from "../support/authorities.ts";
import { RecordingMetrics } from "../support/recorders.ts";
import { topicOf } from "./authority_fixtures.ts";

/** How old an answer may be, in milliseconds, unless a test says otherwise. */
export const TTL_MS = 5_000;
/** A shield on a clock that stands still, around an authority that notes what it is asked. */
export class ShieldSetup {
  /** The time, in milliseconds. */
  now = 0;
  /** Answers that go before the authority's own: by `ada`, or `ada event:1`. */
  readonly answers: Map<string, Authentication | Authorisation | Promise<never>> = new Map();
  /** What was counted. */
  readonly metrics: RecordingMetrics = new RecordingMetrics();
  /** What the authority was asked. */
  readonly asked: string[];
  readonly #shield: Authority;

  /** Creates it. */
  constructor({ ttlMs = TTL_MS, maxEntries }: { ttlMs?: number; maxEntries?: number } = {}) {
    const authority = fakeAuthority({
      authenticate: (cookie) => {
        const name = cookie.header().replace(/.*=/, "");
        return this.#answer(name) ?? Promise.resolve({ kind: "authenticated", user: userOf(name) });
      },
      authorise: (cookie, { name }) =>
        this.#answer(`${cookie.header().replace(/.*=/, "")} ${name}`) ??
          Promise.resolve({ kind: "allowed" }),
    });
    this.asked = authority.asked;
    this.#shield = createShield(authority, {
      ttlMs,
      metrics: this.metrics,
      now: () => this.now,
      ...(maxEntries === undefined ? {} : { maxEntries }),
    });
  }

  /** Asks who a session is, or with a topic whether it may listen; resolves to the kind. */
  async ask(name: string, topic?: string): Promise<string> {
    const cookie = new SessionCookie("session", name);
    const answer = topic === undefined
      ? this.#shield.authenticate(cookie)
      : this.#shield.authorise(cookie, topicOf(topic));
    return (await answer).kind;
  }

  // deno-lint-ignore no-explicit-any -- what a test put in fits the question
  #answer(name: string): Promise<any> | undefined {
    const answer = this.answers.get(name);
    return answer && Promise.resolve(answer);
  }
}
