/**
 * The state of a server's topics and connections, for an operator.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { User } from "../domain/authority.ts";
import type { Cursor, LoggedPublication } from "../domain/broker.ts";
import { forEachInTurns } from "../domain/in_turns.ts";
import { connectionRank, topicRank } from "../domain/join_status.ts";
import { Ranking } from "../domain/ranking.ts";
import type {
  ConnectionRow,
  ShownMessage,
  StatusPart,
  StatusQuery,
  Table,
  TopicContent,
  TopicRow,
} from "../domain/status.ts";
import type { Hub } from "../hub/hub.ts";
import type { OpenTopic, Subscription } from "../hub/subscription.ts";
import { VIEW_PREFIX } from "../views/view_registry.ts";
import type { Views } from "../views/views.ts";

/** The parts of the server that the status shows. */
export interface StatusSources {
  /** Knows topics and their subscribers. */
  readonly hub: Hub;
  /** Returns all open connections. */
  readonly connections: () => readonly Connection[];
  /** Knows the views. @default {there are none, or another thread has them} */
  readonly views?: Views | undefined;
  /** The clock of subscriptions, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** How many topics a connection's row names. */
const MAX_TOPICS = 5;

/** How many messages of a topic are shown, and how much of each, in UTF-16 code units. */
const MAX_MESSAGES = 100;
const MAX_SHOWN_LENGTH = 2_000;

const NO_VIEWS = { total: 0, found: 0, rows: [] };

/** Resolves to the tables of a server. It takes as many turns of the event loop as it needs. */
export async function statusOf(sources: StatusSources, query: StatusQuery): Promise<StatusPart> {
  return {
    connections: await connectionTable(sources, query),
    topics: await topicTable(sources, query),
    views: await sources.views?.status(query) ?? NO_VIEWS,
  };
}

/**
 * Resolves to what a topic holds, and to what was published after a position.
 *
 * @throws {BrokerUnavailable} If the topic's log cannot be read now.
 */
export async function contentOf(hub: Hub, name: string, since?: Cursor): Promise<TopicContent> {
  return await hub.look(name, ({ log, subscriptions }) => {
    const latest = [...log.latest(0)];
    const isSame = since !== undefined && since.epoch === log.epoch && since.offset <= log.head;
    const after = isSame ? since.offset : 0;
    return {
      topic: name,
      epoch: log.epoch,
      offset: log.head,
      subscribers: subscriptions.size,
      keys: latest.length,
      latest: newest(latest),
      messages: newest(log.held(Math.max(after, log.head - MAX_MESSAGES))),
    };
  });
}

async function topicTable({ hub }: StatusSources, query: StatusQuery): Promise<Table<TopicRow>> {
  const ranking = new Ranking<TopicRow>(query.limit);
  const searched = query.topics.toLowerCase();
  let total = 0;
  await forEachInTurns(hub.topics(), ({ name, log, subscriptions, lagging }: OpenTopic) => {
    if (name.startsWith(VIEW_PREFIX)) return; // these have a table of their own
    total++;
    if (!name.toLowerCase().includes(searched)) return;
    const figures = { ...log.measure(), subscribers: subscriptions.size };
    ranking.add(
      topicRank(figures, query),
      () => ({ name, lagging: lagging.size, offset: log.head, ...figures }),
    );
  });
  return ranking.table(total);
}

async function connectionTable(
  { hub, connections, now = () => performance.now() }: StatusSources,
  query: StatusQuery,
): Promise<Table<ConnectionRow>> {
  const ranking = new Ranking<ConnectionRow>(query.limit);
  const searched = query.connections.toLowerCase();
  const all = connections();
  await forEachInTurns(all, (connection) => {
    const subscriptions = hub.subscriptionsOf(connection);
    if (!matches(connection, subscriptions, searched)) return;
    const { openedAt, bufferedBytes: unsent } = connection;
    const lagMs = lagOf(subscriptions, now());
    const figures = { openedAt, unsent, lagMs, topicCount: subscriptions.length };
    ranking.add(connectionRank(figures, query), () => ({
      ...figures,
      id: connection.id,
      user: shownUser(connection.user),
      address: connection.remoteAddress,
      topics: subscriptions.slice(0, MAX_TOPICS).map(({ topic }) => topic.name),
    }));
  });
  return ranking.table(all.length);
}

function matches(
  { id, user, remoteAddress }: Connection,
  subscriptions: readonly Subscription[],
  searched: string,
): boolean {
  if (searched === "") return true;
  const words = [id, remoteAddress, user?.id, user?.email, user && nameOf(user)];
  return words.some((word) => word?.toLowerCase().includes(searched)) ||
    subscriptions.some(({ topic }) => topic.name.toLowerCase().includes(searched));
}

function lagOf(subscriptions: readonly Subscription[], now: number): number {
  const since = subscriptions.map(({ laggingSince }) => laggingSince ?? now);
  return Math.max(0, now - Math.min(now, ...since));
}

function shownUser(user: User | null): ConnectionRow["user"] {
  return user && { id: user.id, email: user.email, name: nameOf(user) };
}

function nameOf({ first_name, last_name }: User): string | null {
  return [first_name, last_name].filter((name) => name !== null).join(" ") || null;
}

/** Returns the newest publications, the newest first. */
function newest(publications: Iterable<LoggedPublication>): ShownMessage[] {
  return [...publications].slice(-MAX_MESSAGES).reverse()
    .map(({ offset, key = null, at, json }) => ({
      offset,
      key,
      at,
      json: json === undefined ? null : cut(json),
    }));
}

function cut(json: string): string {
  return json.length <= MAX_SHOWN_LENGTH ? json : `${json.slice(0, MAX_SHOWN_LENGTH)}…`;
}
