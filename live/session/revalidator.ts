/**
 * The schedule by which connected sessions are revalidated.
 *
 * @module
 */

import type { Authority } from "../domain/authority.ts";
import { ConcurrencyLimiter } from "../domain/concurrency_limiter.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import { type Metrics, silentMetrics } from "../domain/metrics.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";
import type { Views } from "../views/views.ts";
import { OutageLog } from "./outage_log.ts";
import {
  type MonitoredConnection,
  type MonitoredSession,
  SessionChecker,
} from "./session_checker.ts";

/** What the revalidator needs. */
export interface RevalidatorOptions {
  /** Knows sessions and their rights. */
  readonly authority: Authority;
  /** Views, which sessions lose with their rights. @default {none} */
  readonly views?: Views | undefined;
  /** How often each session is revalidated, in milliseconds; 0 is never. */
  readonly intervalMs: number;
  /** Counts revalidations by result. @default {silentMetrics} */
  readonly metrics?: Metrics;
  /** Logs when sessions cannot be revalidated. @default {silentLogger} */
  readonly logger?: Logger;
  /** Monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

interface ScheduledSession extends MonitoredSession {
  readonly connections: Set<MonitoredConnection>;
  /** When the session is due within each interval, from 0 to below 1. */
  readonly phase: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Distance between the phases of one session and the next. Multiples of the golden ratio spread
 * evenly over the interval, however many sessions there are and whenever they connect.
 */
const PHASE_STEP = (Math.sqrt(5) - 1) / 2;

/**
 * Sessions that are revalidated at the same time. New connections need the same Directus, and must
 * not wait behind thousands of revalidations: if Directus is too slow, these become less frequent.
 */
const MAX_CONCURRENT_CHECKS = 4;

/**
 * Monitors all connections, and revalidates each Directus session once per interval. A session with
 * several connections is checked once, and every session has its own phase, so that Directus gets a
 * steady trickle of calls.
 */
export class Revalidator {
  /** Checks sessions on demand. */
  readonly checker: SessionChecker;
  readonly #intervalMs: number;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #outages: OutageLog;
  readonly #limiter = new ConcurrencyLimiter({ maxConcurrency: MAX_CONCURRENT_CHECKS });
  readonly #connections = new Set<MonitoredConnection>();
  /** By the hash of the session's cookie. */
  readonly #sessions = new Map<string, ScheduledSession>();
  #sessionCount = 0;

  /** Creates a revalidator that monitors nothing yet. */
  constructor(options: RevalidatorOptions) {
    const { authority, intervalMs, metrics = silentMetrics, logger = silentLogger } = options;
    this.#intervalMs = intervalMs;
    this.#logger = logger;
    this.#now = options.now ?? (() => performance.now());
    this.checker = new SessionChecker(authority, metrics, options.views);
    this.#outages = new OutageLog({ quietMs: intervalMs, logger, now: this.#now });
  }

  /** A copy of all connections: they may end while the caller iterates. */
  get connections(): MonitoredConnection[] {
    return [...this.#connections];
  }

  /** A copy of all sessions. */
  get sessions(): MonitoredSession[] {
    return [...this.#sessions.values()];
  }

  /** Starts monitoring a connection. One without a session is never revalidated, only revoked. */
  add(monitored: MonitoredConnection): void {
    this.#connections.add(monitored);
    const { cookie } = monitored.connection;
    if (cookie === null) return;
    const session = this.#sessions.get(cookie.hash()) ?? this.#addSession(cookie);
    session.connections.add(monitored);
  }

  /** Stops monitoring a connection that has ended. */
  remove(monitored: MonitoredConnection): void {
    this.#connections.delete(monitored);
    const hash = monitored.connection.cookie?.hash() ?? "";
    const session = this.#sessions.get(hash);
    if (!session?.connections.delete(monitored) || session.connections.size > 0) return;
    this.#sessions.delete(hash);
    clearTimeout(session.timer);
  }

  /**
   * Checks sessions at once, because rights have changed. Resolves once all are checked.
   *
   * @param users Whose sessions; without them, all.
   */
  async checkNow(users?: ReadonlySet<string>): Promise<void> {
    const sessions = [...this.#sessions.values()].filter(({ connections }) =>
      users === undefined ||
      [...connections].some(({ connection: { user } }) => user !== null && users.has(user.id))
    );
    await Promise.all(sessions.map((session) => this.#checkInTurn(session)));
  }

  #addSession(cookie: SessionCookie): ScheduledSession {
    const phase = this.#sessionCount++ * PHASE_STEP % 1;
    const session = {
      cookie,
      connections: new Set<MonitoredConnection>(),
      phase,
      timer: undefined,
    };
    this.#sessions.set(cookie.hash(), session);
    if (this.#intervalMs > 0) this.#schedule(session, this.#untilDueMs(session));
    return session;
  }

  #schedule(session: ScheduledSession, delayMs: number): void {
    session.timer = setTimeout(() => this.#revalidate(session), delayMs);
  }

  async #revalidate(session: ScheduledSession): Promise<void> {
    const firedAt = this.#now();
    await this.#checkInTurn(session);
    if (session.connections.size === 0) return; // it is no longer monitored
    const delayMs = this.#untilDueMs(session);
    // A timer may fire a moment early by the monotonic clock. It is then due again at once.
    const firedEarly = this.#now() + delayMs - firedAt < this.#intervalMs / 2;
    this.#schedule(session, firedEarly ? delayMs + this.#intervalMs : delayMs);
  }

  /** Waits for a slot and checks a session. Never rejects. */
  async #checkInTurn(session: ScheduledSession): Promise<void> {
    using _slot = await this.#limiter.acquire();
    if (session.connections.size === 0) return;
    try {
      const reason = await this.checker.checkSession(session);
      if (reason === undefined) this.#outages.succeeded();
      else this.#outages.failed(reason);
    } catch (error) {
      this.#logger.error("session could not be revalidated", { error });
    }
  }

  /** Returns the time until a session is due, in milliseconds, at most one interval. */
  #untilDueMs({ phase }: ScheduledSession): number {
    const sinceDueMs = (this.#now() - phase * this.#intervalMs) % this.#intervalMs;
    return sinceDueMs < 0 ? -sinceDueMs : this.#intervalMs - sinceDueMs;
  }
}
