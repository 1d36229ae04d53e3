/**
 * What the tests of the shield share.
 *
 * @module
 */

import { createShield, type Shield } from "../../live/directus/shield.ts";
import type { AskOptions, Authentication, Authorisation } from "../../live/domain/authority.ts";
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
  readonly #shield: Shield;

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
  async ask(name: string, topic?: string, options?: AskOptions): Promise<string> {
    const cookie = new SessionCookie("session", name);
    const answer = topic === undefined
      ? this.#shield.authenticate(cookie, options)
      : this.#shield.authorise(cookie, topicOf(topic), options);
    return (await answer).kind;
  }

  /** Asks the same, but for an answer of this moment. */
  askAgain(name: string, topic?: string): Promise<string> {
    return this.ask(name, topic, { fresh: true });
  }

  /** Forgets what was answered about a user's sessions. */
  forget(userId: string): void {
    this.#shield.forget(userId);
  }

  /** Lets a test give the next answers to a question: `ada`, or `ada event:1`. */
  hold(name: string): PromiseWithResolvers<Authentication | Authorisation> {
    const held = Promise.withResolvers<Authentication | Authorisation>();
    this.answers.set(name, held.promise as Promise<never>);
    return held;
  }

  // deno-lint-ignore no-explicit-any -- what a test put in fits the question
  #answer(name: string): Promise<any> | undefined {
    const answer = this.answers.get(name);
    return answer && Promise.resolve(answer);
  }
}
