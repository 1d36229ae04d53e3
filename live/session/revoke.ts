/**
 * Revoking users, connections and rights to topics, on every instance.
 *
 * @module
 */

import { BrokerUnavailable } from "../domain/broker.ts";
import { CloseCode } from "../domain/close_codes.ts";
import { ConcurrencyLimiter } from "../domain/concurrency_limiter.ts";
import { canonicalKey } from "../domain/item_key.ts";
import type { PendingGrants } from "../domain/pending_grants.ts";
import { coversTopic, type Revocation, type RevocationBus } from "../domain/revocation.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import type { Revalidator } from "./revalidator.ts";
import { type CheckSummary, topicsOf } from "./session_checker.ts";

/** What revoking needs in a thread that has connections. */
export interface LocalRevokeOptions {
  /** Monitors all connections of this thread. */
  readonly revalidator: Revalidator;
  /** Handshakes in flight. @default {none} */
  readonly pending?: PendingGrants;
}

/** What revoking needs. */
export interface RevokeOptions {
  /** Carries out a revocation on this instance: see {@linkcode createLocalRevoke}. */
  readonly local: Revoke;
  /** Reaches the other instances. @default {none} */
  readonly bus?: RevocationBus | undefined;
  /** Forgets cached answers that a revocation concerns. @default {nothing} */
  readonly forget?: (revocation: Revocation) => void;
  /** Logs each revocation. @default {silentLogger} */
  readonly logger?: Logger;
}

/** What a revocation led to on this instance. */
export interface Revoked {
  /** Connections that were closed. */
  readonly closed: number;
  /** Checks with Directus, one for each session and topic. */
  readonly asked: number;
  /** Subscriptions that ended because Directus forbids them. */
  readonly withdrawn: number;
  /** Why the revocation is incomplete, if so: Directus or other instances were out of reach. */
  readonly trouble?: string;
}

/** Carries out a revocation. */
export type Revoke = (revocation: Revocation) => Promise<Revoked>;

/** The reason sent along with 4503. */
export const REVOKED_REASON = "revoked by the operator";

/** Sessions that are checked at the same time. */
const MAX_CONCURRENT_CHECKS = 16;

/** Creates the function that carries out revocations on the connections of this thread. */
export function createLocalRevoke({ revalidator, pending }: LocalRevokeOptions): Revoke {
  return async (revocation) => {
    if ("topic" in revocation) return await recheck(revalidator, revocation.topic);
    const users = new Set("user" in revocation ? revocation.user.map(canonicalKey) : []);
    pending?.revoke(users);
    const revoked = revalidator.connections.filter(({ connection: { id, user } }) =>
      "user" in revocation
        ? user !== null && users.has(canonicalKey(user.id))
        : id === revocation.connection
    );
    for (const { connection } of revoked) connection.end(CloseCode.Revoked, REVOKED_REASON);
    return { closed: revoked.length, asked: 0, withdrawn: 0 };
  };
}

/**
 * Creates the function that carries out revocations here and on all other instances. Those of other
 * instances are carried out too.
 *
 * Once it resolves without trouble, nothing that was revoked is delivered, whatever was in flight:
 *
 * - Cached answers, and questions in flight, serve no later question.
 * - A connection of a revoked user is closed, and so is one whose handshake had begun: it ends when it
 *   opens.
 * - The right to a topic is asked again for subscriptions, and for those that wait for an answer or for
 *   their start. If it is gone they are refused, whatever they were answered before.
 *
 * A revocation takes effect here even if the other instances cannot be reached. It is idempotent.
 */
export function createRevoke(options: RevokeOptions): Revoke {
  const { local, bus, forget = () => {}, logger = silentLogger } = options;

  async function carryOut(revocation: Revocation): Promise<Revoked> {
    forget(revocation); // first: a client that reconnects at once must not be let in from the cache
    const revoked = await local(revocation);
    const fields = { ...revocation, ...revoked };
    if (revoked.trouble === undefined) logger.info("revoked", fields);
    else logger.warn("revoked in part", fields);
    return revoked;
  }

  /** Has a revocation carried out on the other instances; resolves to why it is incomplete, if so. */
  async function send(revocation: Revocation): Promise<string | undefined> {
    try {
      await bus?.send(revocation);
      return undefined;
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      return `Other instances may not have done it: ${error.message}`;
    }
  }

  bus?.listen(async (revocation) => {
    try {
      return (await carryOut(revocation)).trouble;
    } catch (error) {
      logger.error("revocation failed", { error });
      return "it failed";
    }
  });

  return async (revocation) => {
    const [revoked, unsent] = await Promise.all([carryOut(revocation), send(revocation)]);
    const trouble = unsent ?? revoked.trouble;
    return trouble === undefined ? revoked : { ...revoked, trouble };
  };
}

/** Checks again every session that is subscribed to a topic. */
async function recheck(revalidator: Revalidator, name: string): Promise<Revoked> {
  const limiter = new ConcurrencyLimiter({ maxConcurrency: MAX_CONCURRENT_CHECKS });
  const summaries = await Promise.all(revalidator.sessions.map(async (session) => {
    using _slot = await limiter.acquire();
    const topics = topicsOf(session).filter((topic) => coversTopic(name, topic.name));
    return await revalidator.checker.checkTopics(session, topics);
  }));
  const sum = (count: (summary: CheckSummary) => number) =>
    summaries.reduce((total, summary) => total + count(summary), 0);
  const revoked = {
    closed: sum(({ closed }) => closed),
    asked: sum(({ asked }) => asked),
    withdrawn: sum(({ withdrawn }) => withdrawn),
  };
  const [reason, ...more] = summaries.flatMap(({ unavailable }) => unavailable);
  if (reason === undefined) return revoked;
  const count = more.length + 1;
  const trouble = `Directus could not be asked about ${count} of ${revoked.asked}: ${reason}`;
  return { ...revoked, trouble };
}
