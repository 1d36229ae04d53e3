/**
 * The schedule by which connected sessions are revalidated.
 *
 * @module
 */

import { DEFAULTS } from "../config/defaults.ts";
import { type Authority, concerns } from "../domain/authority.ts";
import { CloseCode } from "../domain/close_codes.ts";
import { ConcurrencyLimiter } from "../domain/concurrency_limiter.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import { type Metrics, silentMetrics } from "../domain/metrics.ts";
import { type Credential, expiryOf } from "../domain/credential.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";
import type { SharedViews } from "../views/views.ts";
import { type CheckRecord, GracePeriod } from "./grace_period.ts";
import { OutageLog } from "./outage_log.ts";
import {
  endAll,
  type MonitoredConnection,
  type MonitoredSession,
  SessionChecker,
} from "./session_checker.ts";

/** What the revalidator needs. */
export interface RevalidatorOptions {
  /** Checks sessions and their rights. */
  readonly authority: Authority;
  /** The views, which a session can lose with its rights. @default {none} */
  readonly views?: SharedViews | undefined;
  /** How often each session is revalidated, in milliseconds; 0 is never. */
  readonly intervalMs: number;
  /**
   * How long a session stays connected while it cannot be revalidated, in milliseconds; 0 is for ever.
   * @default {3_600_000}
   */
  readonly graceMs?: number;
  /** Counts revalidations by result, and records their lag. @default {silentMetrics} */
  readonly metrics?: Metrics;
  /** Logs when sessions cannot be revalidated, or only late. @default {silentLogger} */
  readonly logger?: Logger;
  /** Monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

interface ScheduledSession extends MonitoredSession {
  readonly connections: Set<MonitoredConnection>;
  /** When the session is due within each interval, from 0 to below 1. */
  readonly phase: number;
  readonly record: CheckRecord;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Distance between the phases of one session and the next. Multiples of the golden ratio spread
 * evenly over the interval, however many sessions there are and whenever they connect.
 */
const PHASE_STEP = (Math.sqrt(5) - 1) / 2;

/**
 * How many sessions are checked at the same time. It bounds the queue in front of the authority. The load
 * of Directus is bounded by its own concurrency limit, which leaves room for new connections.
 */
const MAX_CONCURRENT_CHECKS = 256;

/** From this lag on, sessions count as revalidated too late, in intervals. */
const MAX_LAG = 2;

/**
 * How long after a token's expiry its session is checked, in milliseconds. Directus compares whole
 * seconds, and its clock may be a little behind.
 */
const EXPIRY_MARGIN_MS = 1_000;

/** The reason sent along with 1013. */
const UNCHECKED_REASON = "session could not be checked";

/**
 * Monitors all connections, and revalidates each Directus session once per interval. A session with
 * several connections is checked once, and every session has its own phase, so that Directus gets a
 * steady trickle of calls. A session whose token expires is also checked at that moment.
 */
export class Revalidator {
  /** Checks sessions on demand. */
  readonly checker: SessionChecker;
  readonly #intervalMs: number;
  readonly #grace: GracePeriod;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #warnings: WarningThrottle;
  readonly #now: () => number;
  readonly #outages: OutageLog;
  readonly #views: SharedViews | undefined;
  readonly #limiter = new ConcurrencyLimiter({ maxConcurrency: MAX_CONCURRENT_CHECKS });
  readonly #connections = new Set<MonitoredConnection>();
  /** By the hash of the session's credential. */
  readonly #sessions = new Map<string, ScheduledSession>();
  /** Sessions that are due, each with the time at which it became due, the earliest first. */
  readonly #due = new Map<ScheduledSession, number>();
  #sessionCount = 0;

  /** Creates a revalidator that monitors nothing yet. */
  constructor(options: RevalidatorOptions) {
    const { authority, intervalMs, metrics = silentMetrics, logger = silentLogger } = options;
    const { graceMs = DEFAULTS.revalidateGraceMs, now = () => performance.now() } = options;
    this.#intervalMs = intervalMs;
    this.#grace = new GracePeriod({ graceMs, now });
    this.#metrics = metrics;
    this.#logger = logger;
    this.#warnings = new WarningThrottle(logger);
    this.#now = now;
    this.#views = options.views;
    this.checker = new SessionChecker(authority, metrics, options.views);
    this.#outages = new OutageLog({ quietMs: intervalMs, logger, now });
  }

  /** A copy of all connections: they may end while the caller iterates. */
  get connections(): MonitoredConnection[] {
    return [...this.#connections];
  }

  /** A copy of all sessions. */
  get sessions(): MonitoredSession[] {
    return [...this.#sessions.values()];
  }

  /** Starts monitoring a connection. A connection without a session is never revalidated, only revoked. */
  add(monitored: MonitoredConnection): void {
    this.#connections.add(monitored);
    const { credential } = monitored.connection;
    if (credential === null) return;
    const session = this.#sessions.get(credential.hash()) ?? this.#addSession(credential);
    session.connections.add(monitored);
  }

  /** Stops monitoring a connection that has ended. */
  remove(monitored: MonitoredConnection): void {
    this.#connections.delete(monitored);
    const hash = monitored.connection.credential?.hash() ?? "";
    const session = this.#sessions.get(hash);
    if (!session?.connections.delete(monitored) || session.connections.size > 0) return;
    this.#sessions.delete(hash);
    this.#due.delete(session);
    clearTimeout(session.timer);
  }

  /**
   * Checks sessions at once, because rights have changed. Resolves once all are checked.
   *
   * @param users The users whose sessions are checked. @default {all users}
   */
  async checkNow(users?: ReadonlySet<string>): Promise<void> {
    const sessions = [...this.#sessions.values()].filter(({ connections }) =>
      [...connections].some(({ connection }) => concerns(users, connection))
    );
    await Promise.all(sessions.map(async (session) => {
      const reason = await this.#checkInTurn(session);
      // Views are suspended until all members are checked. They repeat a check that fails; nobody else does.
      if (reason !== undefined) await this.#views?.check(session.credential);
    }));
  }

  #addSession(credential: Credential): ScheduledSession {
    const phase = this.#sessionCount++ * PHASE_STEP % 1;
    const session = {
      credential,
      connections: new Set<MonitoredConnection>(),
      phase,
      record: this.#grace.begin(),
      timer: undefined,
    };
    this.#sessions.set(credential.hash(), session);
    if (this.#intervalMs > 0) this.#schedule(session, this.#untilDueMs(session));
    return session;
  }

  #schedule(session: ScheduledSession, delayMs: number): void {
    const untilExpiryMs = (expiryOf(session.credential) ?? Infinity) + EXPIRY_MARGIN_MS -
      Date.now();
    const soonerMs = untilExpiryMs > 0 ? Math.min(delayMs, untilExpiryMs) : delayMs;
    session.timer = setTimeout(() => this.#revalidate(session), soonerMs);
  }

  async #revalidate(session: ScheduledSession): Promise<void> {
    const firedAt = this.#now();
    this.#due.set(session, firedAt);
    this.#reportLag();
    const reason = await this.#checkInTurn(session);
    this.#due.delete(session);
    this.#reportLag();
    if (session.connections.size > 0) this.#judge(session, reason);
    if (session.connections.size === 0) return; // it is no longer monitored
    const delayMs = this.#untilDueMs(session);
    // A timer may fire a moment early by the monotonic clock. Then the session is due again at once.
    const firedEarly = this.#now() + delayMs - firedAt < this.#intervalMs / 2;
    this.#schedule(session, firedEarly ? delayMs + this.#intervalMs : delayMs);
  }

  /**
   * Waits for a slot and checks a session. Resolves to why the check failed, or to `undefined`. Never
   * rejects.
   */
  async #checkInTurn(session: ScheduledSession): Promise<string | undefined> {
    using _slot = await this.#limiter.acquire();
    if (session.connections.size === 0) return undefined;
    try {
      const reason = await this.checker.checkSession(session);
      if (reason === undefined) this.#outages.succeeded();
      else this.#outages.failed(reason);
      return reason;
    } catch (error) {
      this.#logger.error("session could not be revalidated", { error });
      return "internal error";
    }
  }

  /** Notes whether a session was confirmed, and ends it if its last confirmation is too old. */
  #judge(session: ScheduledSession, reason: string | undefined): void {
    if (reason === undefined) return this.#grace.confirm(session.record);
    if (!this.#grace.fail(session.record)) return;
    this.#warnings.warn("sessions that could not be revalidated for too long are closed", reason);
    endAll(session, CloseCode.TryAgainLater, UNCHECKED_REASON);
  }

  /** Reports how long the longest overdue session has been due. */
  #reportLag(): void {
    const now = this.#now();
    const [dueAt = now] = this.#due.values();
    this.#metrics.revalidationLag(now - dueAt);
    if (now - dueAt <= MAX_LAG * this.#intervalMs) return;
    this.#warnings.warn("sessions are revalidated too late", "Directus answers too slowly");
  }

  /** Returns the time until a session is due, in milliseconds, at most one interval. */
  #untilDueMs({ phase }: ScheduledSession): number {
    const sinceDueMs = (this.#now() - phase * this.#intervalMs) % this.#intervalMs;
    return sinceDueMs < 0 ? -sinceDueMs : this.#intervalMs - sinceDueMs;
  }
}
