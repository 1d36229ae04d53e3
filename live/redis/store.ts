/**
 * Topics' logs in Redis, as functions.
 *
 * @module
 */

import type { Publication } from "../domain/publication.ts";
import type { ReplicaPosition } from "../history/replica.ts";
import type { LogState } from "../history/stored_log.ts";
import { randomEpoch } from "../history/topic_history.ts";
import { APPEND } from "./append_script.ts";
import type { RedisClient } from "./client.ts";
import type { Link, RedisSession } from "./link.ts";
import { partitionOf } from "./partition.ts";
import { READ } from "./read_script.ts";
import { type AppendReply, readAppended, readLogState } from "./replies.ts";

/** Bounds of the history in Redis. */
export interface StoreBounds {
  /** Publications that a topic's log keeps for recovery. */
  readonly historySize: number;
  /** How long the log keeps them, and how long an unused topic is kept, in milliseconds. */
  readonly historyTtlMs: number;
  /** What all topics may hold together, in bytes; the least recently used topic is dropped first. */
  readonly historyMaxBytes: number;
}

/** Entries of an ingest stream that publications were read from. */
export interface IngestEntries {
  /** Names the stream and its current life. */
  readonly stream: string;
  /** Id of each publication's entry, in ascending order. */
  readonly ids: readonly string[];
}

/** A publication, and its index in the call. */
type Numbered = readonly [index: number, publication: Publication];

/**
 * The shortest time for which an unused topic is kept, in milliseconds. With less, a topic with
 * subscribers would be forgotten whenever its instance is busy for a moment.
 */
const MIN_UNUSED_TTL_MS = 1_000;

/**
 * How long Redis may take to carry out an append, in milliseconds. By then the connection counts as lost,
 * and the publisher's answer was that the result is unknown.
 */
const MAX_APPEND_MS = 3_000;

/** Returns how long a topic is kept after an instance last marked it as used, in milliseconds. */
export function unusedTtlMs({ historyTtlMs }: StoreBounds): number {
  return Math.max(historyTtlMs, MIN_UNUSED_TTL_MS);
}

/** The outcome for publications that one script appends: all of them or none. */
export interface Appended {
  /** A key of the server that appended them. */
  readonly key: string;
  /** Their indexes in the call. */
  readonly indexes: readonly number[];
  /** Their positions, or why it is not known whether they were appended. */
  readonly result: PromiseSettledResult<AppendReply>;
}

/**
 * Appends publications to their topics' logs and announces them, all or none; on a cluster, all or none of each
 * partition, whose script runs on the node that holds it.
 *
 * A result is rejected if Redis refuses, or if the connection is lost before Redis answers: then it is not
 * known whether the publications were appended.
 *
 * @param from Entries of an ingest stream. An entry that was published already is skipped.
 * @returns What was appended together. Never rejects.
 */
export async function append(
  link: Link,
  publications: readonly Publication[],
  bounds: StoreBounds,
  from?: IngestEntries,
): Promise<Appended[]> {
  const numbered = publications.map((publication, index): Numbered => [index, publication]);
  const groups = link.isSplit
    ? Map.groupBy(numbered, ([, { topic }]) => partitionOf(topic))
    : new Map([["", numbered]]);
  const until = performance.now() + MAX_APPEND_MS;
  const appending = [...groups].map(([key, group]) =>
    appendGroup(link, key, group, bounds, until, from)
  );
  const results = await Promise.allSettled(appending);
  return [...groups].map(([key, group], i) => ({
    key,
    indexes: group.map(([index]) => index),
    result: results[i] as PromiseSettledResult<AppendReply>,
  }));
}

/**
 * Appends nothing, on the server that holds a key. Redis refuses that whenever it would refuse
 * publications.
 *
 * @throws {Error} If Redis refuses.
 */
export async function probe(link: Link, key: string, bounds: StoreBounds): Promise<void> {
  await appendGroup(link, key, [], bounds, performance.now() + MAX_APPEND_MS);
}

/**
 * Reads what a reader of a topic's log is missing, and marks the topic as used.
 *
 * @throws {Error} If Redis refuses or the connection is lost.
 */
export async function read(
  link: Link,
  topic: string,
  known: ReplicaPosition,
  bounds: StoreBounds,
): Promise<LogState> {
  const prefix = partitionOf(topic);
  const keys = keysOf(prefix, topic);
  return await link.run(prefix, async ({ commands }, isAsking) => {
    const args = [commands.publishCommand, `${commands.database}`, `${unusedTtlMs(bounds)}`];
    args.push(randomEpoch(), prefix, topic, known.epoch, `${known.offset}`, known.at);
    return readLogState(await commands.script(READ, keys, args, isAsking));
  });
}

/** Returns the channel on which a topic's publications are announced. */
export function channelOf({ database }: RedisClient, topic: string): string {
  return `${partitionOf(topic)}${database}:${topic}`;
}

/** Appends publications that one script can append. */
async function appendGroup(
  link: Link,
  prefix: string,
  group: readonly Numbered[],
  bounds: StoreBounds,
  until: number,
  from?: IngestEntries,
): Promise<AppendReply> {
  const keys = link.isSplit ? keysOfGroup(prefix, group, from) : [];
  return await link.run(prefix, async (session, isAsking) => {
    const { commands } = session;
    const args = argumentsOf(commands, prefix, group, bounds, until, from);
    const reply = readAppended(await commands.script(APPEND, keys, args, isAsking));
    if (isAsking) await pokeReaders(link, group);
    return reply;
  });
}

function argumentsOf(
  client: RedisClient,
  prefix: string,
  group: readonly Numbered[],
  bounds: StoreBounds,
  until: number,
  from?: IngestEntries,
): string[] {
  const { historySize, historyTtlMs } = bounds;
  const deadline = client.serverTimeMs() + Math.round(until - performance.now());
  const numbers = [client.database, historySize, historyTtlMs, unusedTtlMs(bounds)];
  const args = [`${deadline}`, client.publishCommand, ...numbers.map(String)];
  args.push(randomEpoch(), from?.stream ?? "", group.length === 0 ? prefix || partitionOf("") : "");
  for (const [index, { topic, key, json = "", id = "" }] of group) {
    const keyText = key === undefined ? "" : JSON.stringify(key);
    args.push(partitionOf(topic), topic, keyText, json, from?.ids[index] ?? "", id);
  }
  return args;
}

/**
 * The keys that a script may use. While a cluster moves keys, it runs a script only on a node that has all
 * of them.
 */
function keysOfGroup(prefix: string, group: readonly Numbered[], from?: IngestEntries): string[] {
  const keys = new Set([`${prefix}sizes`]);
  for (const [, { topic, id }] of group) {
    for (const key of keysOf(prefix, topic)) keys.add(key);
    if (id !== undefined) keys.add(`${prefix}id:${topic}\n${id}`);
  }
  if (from !== undefined) keys.add(`${prefix}ingested`);
  return [...keys];
}

function keysOf(prefix: string, topic: string): string[] {
  return [`${prefix}sizes`, `${prefix}used`, `${prefix}topic:${topic}`, `${prefix}log:${topic}`];
}

/**
 * Tells readers to read. It is needed while a slot is moving: its new node has announced the publications,
 * but readers are still subscribed on the old one.
 */
async function pokeReaders(link: Link, group: readonly Numbered[]): Promise<void> {
  const topics = new Set(group.map(([, { topic }]) => topic));
  for (const topic of topics) {
    const session: RedisSession | undefined = link.sessionOf(partitionOf(topic));
    if (session === undefined) return; // its readers read as soon as they have a session
    const { commands } = session;
    await commands.run([commands.publishCommand, channelOf(commands, topic), ""]).catch(() => {});
  }
}
