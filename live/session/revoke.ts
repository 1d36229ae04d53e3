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

/** The result of a revocation on this instance. */
export interface Revoked {
  /** Connections that were closed. */
  readonly closed: number;
  /** Number of checks with Directus, one for each session and topic. */
  readonly asked: number;
  /** Subscriptions that ended because Directus forbids them. */
  readonly withdrawn: number;
  /**
   * Why the revocation is incomplete: Directus or other instances could not be reached. Absent if it is
   * complete.
   */
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
 * Creates the function that carries out revocations here and on all other instances. Revocations from other
 * instances are carried out here too.
 *
 * Once it resolves without trouble, nothing that was revoked is delivered, whatever was in flight before:
 *
 * - Cached answers and questions in flight are not reused for later questions.
 * - A connection of a revoked user is closed. If its handshake is still in flight, it is closed when it
 *   opens.
 * - The right to a topic is checked again for all subscriptions, also if they still wait for an answer or
 *   for their start. If the right is gone, they are refused, even if they had been admitted.
 *
 * A revocation takes effect here even if the other instances cannot be reached. It is idempotent.
 */
export function createRevoke(options: RevokeOptions): Revoke {
  const { local, bus, forget = () => {}, logger = silentLogger } = options;

  async function carryOut(revocation: Revocation): Promise<Revoked> {
    forget(revocation); // first, so that the cache does not admit a client that reconnects at once
    const revoked = await local(revocation);
    const fields = { ...revocation, ...revoked };
    if (revoked.trouble === undefined) logger.info("revoked", fields);
    else logger.warn("revoked in part", fields);
    return revoked;
  }

  /** Sends a revocation to the other instances. Resolves to why it is incomplete, or to `undefined`. */
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
