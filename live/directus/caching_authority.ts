/**
 * A cache in front of an authority.
 *
 * @module
 */

import { AgedMap } from "../domain/aged_map.ts";
import type { AskOptions, Authentication, Authorisation, Authority } from "../domain/authority.ts";
import { canonicalKey } from "../domain/item_key.ts";
import type { Metrics } from "../domain/metrics.ts";
import { coversTopic, type Revocation } from "../domain/revocation.ts";
import type { Credential } from "../domain/credential.ts";
import type { Topic } from "../domain/topic.ts";

/** How a {@linkcode CachingAuthority} caches. */
export interface CachingAuthorityOptions {
  /** How long an answer is reused, in milliseconds; 0 disables the cache but not single flight. */
  readonly ttlMs: number;
  /** Answers that are kept; the oldest are dropped. @default {20_000} */
  readonly maxEntries?: number;
  /** Counts cache hits, and questions that shared a call in flight. */
  readonly metrics: Metrics;
  /** Monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** A cached answer, or a question in flight. */
interface Entry {
  readonly answer: Promise<Authentication | Authorisation>;
  readonly askedAt: number;
  /** Position among all questions. Time is not enough: two may be asked in the same millisecond. */
  readonly sequence: number;
  /** Kind of the answer; `undefined` while the question is in flight. */
  kind?: Authentication["kind"] | Authorisation["kind"];
  /** The session's user, if known. */
  userId?: string | undefined;
  /** The topic that it is about, if any. */
  readonly topic: string | undefined;
}

/** What a question is about. */
interface Question {
  /** Hash of the session's credential. */
  readonly session: string;
  /** The session's hash, followed by the topic's name if the question is about one. */
  readonly key: string;
  /** The topic's name, if the question is about one. */
  readonly topic?: string;
  /** Whether neither the cache nor a question in flight may answer it. */
  readonly fresh: boolean;
}

/**
 * Answers identical questions once: concurrent ones share one call (single flight), and later ones
 * get the cached answer until its TTL is over.
 *
 * An answer's age counts from when its question was asked. The TTL is therefore the longest time that
 * a revoked right is still granted, and a new one still denied. `unavailable` is never cached.
 * Sessions are identified by the hash of their credential's value.
 *
 * A fresh question always reaches the authority. Its answer replaces those to earlier questions.
 *
 * There are no timers: later questions drop the expired answers.
 */
export class CachingAuthority implements Authority {
  readonly #authority: Authority;
  readonly #ttlMs: number;
  readonly #metrics: Metrics;
  readonly #now: () => number;
  /** By the question's key. */
  readonly #entries: AgedMap<Entry>;
  /** Sequence number of the newest question. */
  #sequence = 0;
  /** Answers to questions up to this sequence number must not be cached. */
  #forgottenSequence = 0;

  /** Creates an empty cache in front of an authority. */
  constructor(authority: Authority, options: CachingAuthorityOptions) {
    const { ttlMs, maxEntries = 20_000, metrics, now = () => performance.now() } = options;
    this.#authority = authority;
    this.#ttlMs = ttlMs;
    this.#entries = new AgedMap({ maxEntries, isOld: (entry) => this.#hasExpired(entry) });
    this.#metrics = metrics;
    this.#now = now;
  }

  authenticate(credential: Credential, options: AskOptions = {}): Promise<Authentication> {
    const { fresh = false } = options;
    const session = credential.hash();
    const ask = () => this.#authority.authenticate(credential, { fresh });
    return this.#answer({ session, key: session, fresh }, ask);
  }

  authorise(
    credential: Credential,
    topic: Topic,
    options: AskOptions = {},
  ): Promise<Authorisation> {
    const { fresh = false } = options;
    const session = credential.hash();
    const ask = () => this.#authority.authorise(credential, topic, { fresh });
    return this.#answer(
      { session, key: `${session} ${topic.name}`, topic: topic.name, fresh },
      ask,
    );
  }

  /**
   * Drops the answers that a revocation concerns; without a revocation, drops all answers. A revocation of
   * a user also concerns sessions whose user is unknown. Directus may have answered a question in flight
   * before the revocation. So later questions do not share it, and its answer is not cached.
   */
  forget(revocation?: Revocation): void {
    this.#forgottenSequence = this.#sequence;
    const isMeant = concernedBy(revocation);
    for (const [key, entry] of this.#entries) {
      if (isMeant(entry)) this.#entries.delete(key);
    }
  }

  #answer<T extends Authentication | Authorisation>(
    question: Question,
    ask: () => Promise<T>,
  ): Promise<T> {
    const known = this.#entries.get(question.key);
    if (known !== undefined && this.#mayReuse(known, question)) {
      this.#metrics.callAvoided(known.kind === undefined ? "coalesced" : "cache");
      return known.answer as Promise<T>;
    }
    const { key, session, topic, fresh } = question;
    const askedAt = this.#now();
    const sequence = ++this.#sequence;
    const answer = ask();
    const userId = this.#entries.get(session)?.userId;
    const entry: Entry = { answer, askedAt, sequence, userId, topic };
    if (!fresh) this.#entries.set(key, entry); // a fresh question first has to be answered
    answer.then((given) => this.#settle(question, entry, given), () => this.#drop(key, entry));
    return answer;
  }

  #mayReuse(entry: Entry, { session, key, fresh }: Question): boolean {
    if (fresh || this.#hasExpired(entry)) return false;
    // A session that is over has no rights, even if a cached answer grants them.
    const isGrant = entry.kind !== undefined && key !== session;
    return !isGrant || this.#entries.get(session)?.kind !== "unauthorized";
  }

  #hasExpired({ kind, askedAt }: Entry): boolean {
    return kind !== undefined && this.#now() - askedAt >= this.#ttlMs;
  }

  #settle(
    { session, key, fresh }: Question,
    entry: Entry,
    answer: Authentication | Authorisation,
  ): void {
    const { kind } = answer;
    entry.kind = kind;
    if (kind === "authenticated") entry.userId = answer.user.id;
    const newest = Math.max(this.#entries.get(key)?.sequence ?? 0, this.#forgottenSequence);
    if (fresh && kind !== "unavailable" && entry.sequence > newest) this.#entries.set(key, entry);
    if (kind === "unavailable" || this.#hasExpired(entry)) this.#drop(key, entry);
    if (kind === "unauthorized" && key !== session) this.#entries.delete(session);
  }

  /** Drops an entry, unless a newer one took its place. */
  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}

/** Returns a function that says whether a revocation concerns an answer. */
function concernedBy(
  revocation: Revocation | undefined,
): (entry: Pick<Entry, "userId" | "topic">) => boolean {
  if (revocation === undefined) return () => true;
  if ("topic" in revocation) {
    return ({ topic }) => topic !== undefined && coversTopic(revocation.topic, topic);
  }
  if ("connection" in revocation) return () => false;
  const users = new Set(revocation.user.map(canonicalKey));
  return ({ userId }) => userId === undefined || users.has(canonicalKey(userId));
}
