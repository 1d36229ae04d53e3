/**
 * Topics' logs in Redis, as functions.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import type { Publication } from "../domain/publication.ts";
import type { ReplicaPosition } from "../history/replica.ts";
import type { LogState } from "../history/stored_log.ts";
import { randomEpoch } from "../history/topic_history.ts";
import type { RedisClient } from "./client.ts";
import { readLogState, readPositions } from "./replies.ts";
import { APPEND, READ } from "./scripts.ts";

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
  /** Name of the stream. */
  readonly stream: string;
  /** Name of the consumer group. */
  readonly group: string;
  /** Id of each publication's entry. */
  readonly ids: readonly string[];
}

/**
 * The shortest time for which an unused topic is kept, in milliseconds. With less, a topic with
 * subscribers would be forgotten whenever its instance is busy for a moment.
 */
const MIN_UNUSED_TTL_MS = 1_000;

/**
 * How long Redis may take to carry out an append, in milliseconds: by then the connection counts as lost,
 * and the publisher was answered that nothing is known.
 */
const MAX_APPEND_MS = 3_000;

/** Returns how long a topic is kept that no instance has marked as used, in milliseconds. */
export function unusedTtlMs({ historyTtlMs }: StoreBounds): number {
  return Math.max(historyTtlMs, MIN_UNUSED_TTL_MS);
}

/**
 * Appends publications to their topics' logs and announces them, all or none.
 *
 * @param from Entries that are acknowledged in the same step. If another instance has acknowledged
 * an entry already, its publication is left out.
 * @returns The position of each publication; `undefined` for one that was left out.
 * @throws {Error} If Redis refuses, or if the connection is lost before Redis answers: then it is not
 * known whether they were appended.
 */
export async function append(
  client: RedisClient,
  publications: readonly Publication[],
  bounds: StoreBounds,
  from: IngestEntries = { stream: "", group: "", ids: [] },
): Promise<(Cursor | undefined)[]> {
  const { historySize, historyTtlMs, historyMaxBytes } = bounds;
  const numbers = [historySize, historyTtlMs, unusedTtlMs(bounds), historyMaxBytes];
  const deadline = client.serverTimeMs() + MAX_APPEND_MS;
  const args = [deadline, client.database, ...numbers].map(String);
  args.push(randomEpoch());
  args.push(from.stream, from.group);
  for (const [index, { topic, key, json = "", id = "" }] of publications.entries()) {
    const keyText = key === undefined ? "" : JSON.stringify(key);
    args.push(topic, keyText, json, from.ids[index] ?? "", id);
  }
  return readPositions(await client.script(APPEND, args));
}

/**
 * Reads what a reader of a topic's log is missing, and marks the topic as used.
 *
 * @throws {Error} If Redis refuses or the connection is lost.
 */
export async function read(
  client: RedisClient,
  topic: string,
  known: ReplicaPosition,
  bounds: StoreBounds,
): Promise<LogState> {
  const args = [`${client.database}`, `${unusedTtlMs(bounds)}`, randomEpoch(), topic];
  args.push(known.epoch, `${known.offset}`, known.at);
  return readLogState(await client.script(READ, args));
}

/** Returns the channel on which a topic's publications are announced. */
export function channelOf({ database }: RedisClient, topic: string): string {
  return `live:${database}:${topic}`;
}
