/**
 * Asking again about sessions that are connected.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { AskOptions, Authority } from "../domain/authority.ts";
import { CloseCode } from "../domain/close_codes.ts";
import type { Metrics, RevalidationResult } from "../domain/metrics.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";
import type { Topic } from "../domain/topic.ts";

/** One connection, with the topics that it has. */
export interface MonitoredSession {
  /** The connection. */
  readonly connection: Connection;
  /** Topics that it has, and those that it is about to have. */
  readonly topics: readonly Topic[];
  /**
   * Takes a topic away: nothing more of it is sent, not even what was asked for before. Tells the
   * client, and returns whether it had the topic.
   */
  withdraw(name: string): boolean;
}

/** The connections of one session. */
export interface Group {
  /** The session's cookie. */
  readonly cookie: SessionCookie;
  /** Its connections; none once the session is gone. */
  readonly members: ReadonlySet<MonitoredSession>;
}

/** What came of asking again. */
export interface RevalidationSummary {
  /** Questions about a session and a topic. */
  readonly asked: number;
  /** Subscriptions that ended as their right did. */
  readonly withdrawn: number;
  /** Connections that ended as their session did. */
  readonly closed: number;
  /** Why questions have no answer, one reason for each. */
  readonly unanswered: readonly string[];
}

/** The reason sent along with 4401. */
export const SESSION_ENDED_REASON = "session is no longer good";

const FRESH: AskOptions = { fresh: true };

/**
 * Asks the authority again, and acts on a clear no: a session that is over ends all its connections,
 * a right that is gone all their subscriptions. Without an answer all stay as they are.
 */
export class Revalidation {
  readonly #authority: Authority;
  readonly #metrics: Metrics;

  /** Creates what asks an authority. */
  constructor(authority: Authority, metrics: Metrics) {
    this.#authority = authority;
    this.#metrics = metrics;
  }

  /** Asks about a session, and then about all its topics; resolves to why it could not, if so. */
  async session(group: Group): Promise<string | undefined> {
    const answer = await this.#authority.authenticate(group.cookie, FRESH);
    let result: RevalidationResult = "ok";
    let reason: string | undefined;
    if (answer.kind === "unavailable") {
      result = "unavailable";
      reason = answer.reason;
    } else if (answer.kind === "unauthorized") {
      result = "ended";
      endAll(group);
    } else {
      const { closed, unanswered } = await this.topics(group, topicsOf(group));
      [reason] = unanswered;
      if (reason !== undefined) result = "unavailable";
      if (closed > 0) result = "ended";
    }
    this.#metrics.revalidated(result);
    return reason;
  }

  /** Asks about a session's right to some topics. */
  async topics(group: Group, topics: readonly Topic[]): Promise<RevalidationSummary> {
    let withdrawn = 0;
    let closed = 0;
    const unanswered: string[] = [];
    await Promise.all(topics.map(async (topic) => {
      const answer = await this.#authority.authorise(group.cookie, topic, FRESH);
      if (answer.kind === "unavailable") unanswered.push(answer.reason);
      if (answer.kind === "unauthorized") closed += endAll(group);
      if (answer.kind === "forbidden") withdrawn += this.#withdraw(group, topic);
    }));
    return { asked: topics.length, withdrawn, closed, unanswered };
  }

  #withdraw({ members }: Group, { name }: Topic): number {
    const count = [...members].filter((member) => member.withdraw(name)).length;
    if (count > 0) this.#metrics.withdrawn(count);
    return count;
  }
}

/** Returns the topics of all connections of a session, each once. */
export function topicsOf({ members }: Group): Topic[] {
  const topics = [...members].flatMap(({ topics }) => topics);
  return [...new Map(topics.map((topic) => [topic.name, topic])).values()];
}

function endAll({ members }: Group): number {
  const connections = [...members].map(({ connection }) => connection);
  for (const connection of connections) {
    connection.end(CloseCode.SessionEnded, SESSION_ENDED_REASON);
  }
  return connections.length;
}
