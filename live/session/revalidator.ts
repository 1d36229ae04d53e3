/**
 * The guard over sessions that are connected: each is asked about again and again.
 *
 * @module
 */

import type { Authority } from "../domain/authority.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import { type Metrics, silentMetrics } from "../domain/metrics.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";
import { Limit } from "./limit.ts";
import { Outage } from "./outage.ts";
import { type Group, type MonitoredSession, Revalidation } from "./revalidation.ts";

/** What a guard needs. */
export interface RevalidatorOptions {
  /** Knows sessions and rights. */
  readonly authority: Authority;
  /** How often a session is asked about, in milliseconds; 0 is never. */
  readonly intervalMs: number;
  /** Counts the sessions that were asked about. @default {silentMetrics} */
  readonly metrics?: Metrics;
  /** Told when sessions cannot be asked about. @default {silentLogger} */
  readonly logger?: Logger;
  /** A clock that never goes back, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** Connections of one session, and when it is asked about. */
interface ScheduledSession extends Group {
  readonly members: Set<MonitoredSession>;
  /** Its place in the interval, from 0 to below 1. */
  readonly place: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Places that follow each other by this part of the interval lie evenly in it, however many there
 * are and whenever they came.
 */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Sessions that are asked about at a time. Newcomers ask the same Directus, and must not wait
 * behind thousands who are in: if it is too slow for all, sessions are asked about less often.
 */
const AT_ONCE = 4;

/**
 * Knows all connections, and asks about each session, not each connection, once in an interval.
 * Every session has a place of its own in the interval, so that the calls are a steady trickle.
 */
export class Revalidator {
  /** What asks. */
  readonly recheck: Revalidation;
  readonly #intervalMs: number;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #outage: Outage;
  readonly #limit = new Limit(AT_ONCE);
  readonly #members = new Set<MonitoredSession>();
  /** By the hash of the session's cookie. */
  readonly #groups = new Map<string, ScheduledSession>();
  #places = 0;

  /** Creates a guard that knows nobody. */
  constructor(options: RevalidatorOptions) {
    const { authority, intervalMs, metrics = silentMetrics, logger = silentLogger } = options;
    this.#intervalMs = intervalMs;
    this.#logger = logger;
    this.#now = options.now ?? (() => performance.now());
    this.recheck = new Revalidation(authority, metrics);
    this.#outage = new Outage({ quietMs: intervalMs, logger, now: this.#now });
  }

  /** All connections, safe to end while iterating. */
  get members(): MonitoredSession[] {
    return [...this.#members];
  }

  /** All sessions. */
  get groups(): Group[] {
    return [...this.#groups.values()];
  }

  /** Takes a connection into its care. One without a session can only be revoked. */
  add(member: MonitoredSession): void {
    this.#members.add(member);
    const { cookie } = member.connection;
    if (cookie === null) return;
    (this.#groups.get(cookie.hash()) ?? this.#begin(cookie)).members.add(member);
  }

  /** Lets a connection go that has ended. */
  remove(member: MonitoredSession): void {
    this.#members.delete(member);
    const hash = member.connection.cookie?.hash() ?? "";
    const group = this.#groups.get(hash);
    if (!group?.members.delete(member) || group.members.size > 0) return;
    this.#groups.delete(hash);
    clearTimeout(group.timer);
  }

  #begin(cookie: SessionCookie): ScheduledSession {
    const place = this.#places++ * GOLDEN % 1;
    const group: ScheduledSession = { cookie, members: new Set(), place, timer: undefined };
    this.#groups.set(cookie.hash(), group);
    if (this.#intervalMs > 0) this.#wait(group, this.#untilNext(group));
    return group;
  }

  #wait(group: ScheduledSession, waitMs: number): void {
    group.timer = setTimeout(() => this.#ask(group), waitMs);
  }

  async #ask(group: ScheduledSession): Promise<void> {
    const startedAt = this.#now();
    await this.#limit.run(async () => {
      if (group.members.size > 0) await this.#askNow(group);
    });
    if (group.members.size === 0) return; // it is gone, and a session that comes back begins anew
    const waitMs = this.#untilNext(group);
    const afterMs = this.#now() + waitMs - startedAt;
    const isSame = afterMs < this.#intervalMs / 2; // the place that it was asked for, a moment early
    this.#wait(group, isSame ? waitMs + this.#intervalMs : waitMs);
  }

  /** Asks about a session. Never rejects. */
  async #askNow(group: ScheduledSession): Promise<void> {
    try {
      const reason = await this.recheck.session(group);
      if (reason === undefined) this.#outage.succeeded();
      else this.#outage.failed(reason);
    } catch (error) {
      this.#logger.error("session could not be checked again", { error });
    }
  }

  /** How long it is until a session's place comes, in milliseconds, at most the interval. */
  #untilNext({ place }: ScheduledSession): number {
    const passedMs = (this.#now() - place * this.#intervalMs) % this.#intervalMs;
    return passedMs < 0 ? -passedMs : this.#intervalMs - passedMs;
  }
}
