/**
 * What keeps the same question from being asked again and again.
 *
 * @module
 */

import type { Authority, Unavailable } from "../domain/authority.ts";
import type { Metrics } from "../domain/metrics.ts";

/** What a shield is made of. */
export interface ShieldOptions {
  /** How old an answer may be, in milliseconds; 0 keeps none. */
  readonly ttlMs: number;
  /** Answers that are kept, at most; the oldest goes. @default {20_000} */
  readonly maxEntries?: number;
  /** Counts the questions that were spared. */
  readonly metrics: Metrics;
  /** A clock that never goes back, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** An answer, or a question under way. */
interface Entry {
  readonly answer: Promise<{ readonly kind: string }>;
  readonly askedAt: number;
  /** What kind the answer is; `undefined` while it is under way. */
  kind?: string;
}

/**
 * Shields an authority: who asks what is just being asked gets the same answer, and an answer
 * serves for a short time whoever asks the same.
 *
 * Its age counts from when the question was asked, so no answer tells of a time longer ago than
 * the TTL: that is how long a right that was taken away may still be granted, and one that was
 * given still denied. `unavailable` is no answer and is not kept. Sessions are told apart by the
 * hash of their cookie's value.
 *
 * There are no timers: an answer that is too old goes when the next is kept, or is asked for.
 */
export function createShield(authority: Authority, options: ShieldOptions): Authority {
  const { ttlMs, maxEntries = 20_000, metrics, now = () => performance.now() } = options;
  /** By session, or by session and topic, in the order in which they were asked. */
  const entries = new Map<string, Entry>();

  function isFresh({ kind, askedAt }: Entry): boolean {
    return kind === undefined || now() - askedAt < ttlMs;
  }

  /** A session that is over has no rights, whatever was granted while it was not. */
  function isRevoked({ kind }: Entry, key: string, session: string): boolean {
    if (kind === undefined || key === session) return false;
    return entries.get(session)?.kind === "unauthorized";
  }

  function ask<T extends { readonly kind: string }>(
    key: string,
    session: string,
    question: () => Promise<T | Unavailable>,
  ): Promise<T | Unavailable> {
    const known = entries.get(key);
    if (known !== undefined && isFresh(known) && !isRevoked(known, key, session)) {
      metrics.spared(known.kind === undefined ? "coalesced" : "cache");
      return known.answer as Promise<T | Unavailable>;
    }
    entries.delete(key); // so that it comes last again
    const askedAt = now();
    const answer = question();
    const entry: Entry = { answer, askedAt };
    entries.set(key, entry);
    tidy();
    const forget = () => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    answer.then(({ kind }) => {
      entry.kind = kind;
      if (kind === "unavailable" || !isFresh(entry)) forget();
      if (kind === "unauthorized" && key !== session) entries.delete(session);
    }, forget);
    return answer;
  }

  function tidy(): void {
    for (const [key, entry] of entries) {
      if (isFresh(entry) && entries.size <= maxEntries) return;
      entries.delete(key);
    }
  }

  return {
    authenticate(cookie) {
      const session = cookie.hash();
      return ask(session, session, () => authority.authenticate(cookie));
    },
    authorise(cookie, topic) {
      const session = cookie.hash();
      const question = () => authority.authorise(cookie, topic);
      return ask(`${session} ${topic.name}`, session, question);
    },
  };
}
