/**
 * Taking away at once what an operator says.
 *
 * @module
 */

import { BrokerUnavailable } from "../domain/broker.ts";
import { CloseCode } from "../domain/close_codes.ts";
import { isMeant, type Revocation, type RevocationBus } from "../domain/revocation.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import type { Revalidator } from "./revalidator.ts";
import { Limit } from "./limit.ts";
import { type RevalidationSummary, topicsOf } from "./revalidation.ts";

/** What taking away needs. */
export interface RevokeOptions {
  /** Knows all connections. */
  readonly guard: Revalidator;
  /** Tells the other instances; without one there are none. */
  readonly control?: RevocationBus | undefined;
  /** Forgets what was answered about a user's sessions. @default {nothing} */
  readonly forget?: (userId: string) => void;
  /** Told of what was taken away. @default {silentLogger} */
  readonly logger?: Logger;
}

/** What came of a command, on this instance. */
export interface Revoked {
  /** Connections that were closed. */
  readonly closed: number;
  /** Questions to Directus, one for each session and topic. */
  readonly asked: number;
  /** Subscriptions that ended as Directus said no. */
  readonly withdrawn: number;
  /** Why it is not done, if it is not: Directus or the other instances could not be reached. */
  readonly trouble?: string;
}

/** Carries out a command, here and on all other instances. Never rejects for what it cannot do. */
export type Revoke = (command: Revocation) => Promise<Revoked>;

/** The reason sent along with 4503. */
const REVOKED_REASON = "revoked by the operator";

/** Sessions that are asked about at a time. */
const AT_ONCE = 16;

/**
 * Creates what carries out commands, those of other instances as well.
 *
 * It acts here first, whether the others can be told or not. To do it again does no harm.
 */
export function createRevoke(options: RevokeOptions): Revoke {
  const { guard, control, forget = () => {}, logger = silentLogger } = options;

  async function act(command: Revocation): Promise<Revoked> {
    const revoked = "topic" in command ? await ask(guard, command.topic) : close(command);
    if (revoked.trouble === undefined) logger.info("revoked", { ...command, ...revoked });
    else logger.warn("revoked in part", { ...command, ...revoked });
    return revoked;
  }

  function close(command: Exclude<Revocation, { topic: string }>): Revoked {
    const users = new Set("user" in command ? command.user : []);
    users.forEach(forget); // first, or who comes back at once is let in from memory
    const members = guard.members.filter(({ connection: { id, user } }) =>
      "user" in command ? user !== null && users.has(user.id) : id === command.connection
    );
    for (const { connection } of members) connection.end(CloseCode.Revoked, REVOKED_REASON);
    return { closed: members.length, asked: 0, withdrawn: 0 };
  }

  /** Tells the other instances; resolves to why it could not. */
  async function tell(command: Revocation): Promise<string | undefined> {
    try {
      await control?.send(command);
      return undefined;
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      return `Other instances were not told: ${error.message}`;
    }
  }

  control?.listen((command) => {
    act(command).catch((error) => logger.error("command failed", { error }));
  });

  return async (command) => {
    const [revoked, untold] = await Promise.all([act(command), tell(command)]);
    const trouble = untold ?? revoked.trouble;
    return trouble === undefined ? revoked : { ...revoked, trouble };
  };
}

/** Asks Directus again about everybody who listens to a topic. */
async function ask(guard: Revalidator, name: string): Promise<Revoked> {
  const limit = new Limit(AT_ONCE);
  const results = await Promise.all(
    guard.groups.map((group) =>
      limit.run(() => {
        const topics = topicsOf(group).filter((topic) => isMeant(name, topic.name));
        return guard.recheck.topics(group, topics);
      })
    ),
  );
  const sum = (count: (result: RevalidationSummary) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const unanswered = results.flatMap(({ unanswered }) => unanswered);
  const revoked = {
    closed: sum(({ closed }) => closed),
    asked: sum(({ asked }) => asked),
    withdrawn: sum(({ withdrawn }) => withdrawn),
  };
  if (unanswered.length === 0) return revoked;
  const { length } = unanswered;
  const trouble = `Directus could not be asked about ${length} of ${revoked.asked}: ${
    unanswered[0]
  }`;
  return { ...revoked, trouble };
}
