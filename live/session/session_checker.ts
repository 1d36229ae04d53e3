/**
 * Checking whether connected sessions are still valid, and their rights.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { AskOptions, Authority } from "../domain/authority.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type { Metrics, RevalidationResult } from "../domain/metrics.ts";
import { type Credential, PUBLIC } from "../domain/credential.ts";
import type { Topic } from "../domain/topic.ts";
import type { SharedViews } from "../views/views.ts";

/** A connection with the topics that it is subscribed to. */
export interface MonitoredConnection {
  /** The connection. */
  readonly connection: Connection;
  /** Topics that it is subscribed to, or is subscribing to. */
  readonly topics: readonly Topic[];
  /**
   * Ends a subscription whose right was withdrawn: nothing more of the topic is sent, and a
   * subscription in progress is refused. Tells the client.
   *
   * @returns Whether the connection was subscribed.
   */
  withdraw(name: string): boolean;
  /**
   * Called when the session is over, instead of closing the connection, if the client may present another
   * credential. @default {the connection is closed}
   */
  sessionOver?(): void;
}

/** A Directus session with its connections. */
export interface MonitoredSession {
  /** The session's credential. */
  readonly credential: Credential;
  /** Its connections; empty once they have all ended. */
  readonly connections: ReadonlySet<MonitoredConnection>;
}

/** The result of a check of a session's topics. */
export interface CheckSummary {
  /** Topics that were checked. */
  readonly asked: number;
  /** Subscriptions that ended because the right to them was withdrawn. */
  readonly withdrawn: number;
  /** Connections that ended because their session was over. */
  readonly closed: number;
  /** A reason for each topic that could not be checked. */
  readonly unavailable: readonly string[];
}

/** The reason sent along with 4401. */
export const SESSION_ENDED_REASON = "session is no longer good";

const FRESH: AskOptions = { fresh: true };

/** The answer for the session of the public, which cannot end. */
const ENDLESS = { kind: "authenticated" } as const;

/**
 * Asks the authority about connected sessions, and acts only on a clear denial. If a session is over, all
 * its connections end. If a right was withdrawn, the subscriptions to its topic end. If the authority is
 * unavailable, nothing changes.
 */
export class SessionChecker {
  readonly #authority: Authority;
  readonly #metrics: Metrics;
  readonly #views: SharedViews | undefined;

  /** Creates a checker that asks an authority, and views if there are any. */
  constructor(authority: Authority, metrics: Metrics, views?: SharedViews) {
    this.#authority = authority;
    this.#metrics = metrics;
    this.#views = views;
  }

  /**
   * Checks a session and then all its topics and views.
   *
   * @returns Why the session, or one of its topics or views, could not be checked; `undefined` if all were
   * checked.
   */
  async checkSession(session: MonitoredSession): Promise<string | undefined> {
    const answer = session.credential === PUBLIC
      ? ENDLESS
      : await this.#authority.authenticate(session.credential, FRESH);
    let result: RevalidationResult = "ok";
    let reason: string | undefined;
    if (answer.kind === "unavailable") {
      result = "unavailable";
      reason = answer.reason;
    } else if (answer.kind === "unauthorized") {
      result = "ended";
      endAll(session, CloseCode.SessionEnded, SESSION_ENDED_REASON);
    } else {
      const [{ closed, unavailable }, views] = await Promise.all([
        this.checkTopics(session, topicsOf(session)),
        this.#views?.check(session.credential),
      ]);
      if (views !== undefined && views.lost > 0) this.#metrics.rightsWithdrawn(views.lost);
      [reason] = [...unavailable, ...views?.unanswered ?? []];
      if (reason !== undefined) result = "unavailable";
      if (closed > 0) result = "ended";
    }
    this.#metrics.revalidated(result);
    return reason;
  }

  /** Checks a session's right to topics. */
  async checkTopics(session: MonitoredSession, topics: readonly Topic[]): Promise<CheckSummary> {
    let withdrawn = 0;
    let closed = 0;
    const unavailable: string[] = [];
    await Promise.all(topics.map(async (topic) => {
      const answer = await this.#authority.authorise(session.credential, topic, FRESH);
      if (answer.kind === "unavailable") unavailable.push(answer.reason);
      if (answer.kind === "unauthorized") {
        closed += endAll(session, CloseCode.SessionEnded, SESSION_ENDED_REASON);
      }
      if (answer.kind === "forbidden") withdrawn += this.#withdraw(session, topic);
    }));
    return { asked: topics.length, withdrawn, closed, unavailable };
  }

  #withdraw({ connections }: MonitoredSession, { name }: Topic): number {
    const count = [...connections].filter((connection) => connection.withdraw(name)).length;
    if (count > 0) this.#metrics.rightsWithdrawn(count);
    return count;
  }
}

/** Returns the topics of all connections of a session, without duplicates. */
export function topicsOf({ connections }: MonitoredSession): Topic[] {
  const topics = [...connections].flatMap(({ topics }) => topics);
  return [...new Map(topics.map((topic) => [topic.name, topic])).values()];
}

/** Ends all connections of a session. Returns how many. */
export function endAll(
  { connections }: MonitoredSession,
  code: CloseCode,
  reason: string,
): number {
  const all = [...connections]; // they leave the set as they end
  for (const monitored of all) {
    if (code === CloseCode.SessionEnded && monitored.sessionOver) monitored.sessionOver();
    else monitored.connection.end(code, reason);
  }
  return all.length;
}
