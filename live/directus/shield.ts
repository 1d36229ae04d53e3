/**
 * What keeps the same question from being asked again and again.
 *
 * @module
 */

import type { AskOptions, Authentication, Authorisation, Authority } from "../domain/authority.ts";
import type { Metrics } from "../domain/metrics.ts";

/** What a shield is made of. */
export interface ShieldOptions {
  /** How old an answer may be, in milliseconds; 0 keeps none. */
  readonly ttlMs: number;
  /** Answers that are kept, at most; the oldest goes. @default {20_000} */
  readonly maxEntries?: number;
  /** Counts the questions answered without a call of their own. */
  readonly metrics: Metrics;
  /** A clock that never goes back, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** An authority that remembers. */
export interface Shield extends Authority {
  /** Forgets what was answered about all sessions of a user, and about those whose it is unknown. */
  forget(userId: string): void;
}

/** An answer, or a question under way. */
interface Entry {
  readonly answer: Promise<Authentication | Authorisation>;
  readonly askedAt: number;
  /** Rises from question to question: two may be asked in one millisecond. */
  readonly number: number;
  /** What kind the answer is; `undefined` while it is under way. */
  kind?: string;
  /** Whose session it is, as far as that is known. */
  user?: string | undefined;
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
 * A fresh question is always asked. Its answer takes the place of those to questions before it.
 *
 * There are no timers: an answer that is too old goes when the next is kept, or is asked for.
 */
export function createShield(authority: Authority, options: ShieldOptions): Shield {
  const { ttlMs, maxEntries = 20_000, metrics, now = () => performance.now() } = options;
  /** By session, or by session and topic, in the order in which they were asked. */
  const entries = new Map<string, Entry>();
  let questions = 0;
  /** The last question whose answer must not be kept. */
  let forgotten = 0;

  function isYoung({ kind, askedAt }: Entry): boolean {
    return kind === undefined || now() - askedAt < ttlMs;
  }

  /** A session that is over has no rights, whatever was granted while it was not. */
  function isRevoked({ kind }: Entry, key: string, session: string): boolean {
    if (kind === undefined || key === session) return false;
    return entries.get(session)?.kind === "unauthorized";
  }

  function ask<T extends Authentication | Authorisation>(
    key: string,
    session: string,
    fresh: boolean,
    question: () => Promise<T>,
  ): Promise<T> {
    const known = entries.get(key);
    if (!fresh && known !== undefined && isYoung(known) && !isRevoked(known, key, session)) {
      metrics.callAvoided(known.kind === undefined ? "coalesced" : "cache");
      return known.answer as Promise<T>;
    }
    const askedAt = now();
    const number = ++questions;
    const answer = question();
    const entry: Entry = { answer, askedAt, number, user: entries.get(session)?.user };
    if (!fresh) keep(key, entry); // a fresh one has yet to say more than what is known
    const forget = () => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    answer.then((given: Authentication | Authorisation) => {
      const { kind } = given;
      entry.kind = kind;
      if (kind === "authenticated") entry.user = given.user.id;
      const isNewest = number > Math.max(entries.get(key)?.number ?? 0, forgotten);
      if (fresh && kind !== "unavailable" && isNewest) keep(key, entry);
      if (kind === "unavailable" || !isYoung(entry)) forget();
      if (kind === "unauthorized" && key !== session) entries.delete(session);
    }, forget);
    return answer;
  }

  function keep(key: string, entry: Entry): void {
    entries.delete(key); // so that it comes last again
    entries.set(key, entry);
    tidy();
  }

  function tidy(): void {
    for (const [key, entry] of entries) {
      if (isYoung(entry) && entries.size <= maxEntries) return;
      entries.delete(key);
    }
  }

  return {
    authenticate(cookie, { fresh = false }: AskOptions = {}) {
      const session = cookie.hash();
      return ask(session, session, fresh, () => authority.authenticate(cookie, { fresh }));
    },
    authorise(cookie, topic, { fresh = false }: AskOptions = {}) {
      const session = cookie.hash();
      const question = () => authority.authorise(cookie, topic, { fresh });
      return ask(`${session} ${topic.name}`, session, fresh, question);
    },
    forget(userId) {
      forgotten = questions;
      for (const [key, { user = userId }] of entries) {
        if (user === userId) entries.delete(key);
      }
    },
  };
}
