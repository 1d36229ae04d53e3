/**
 * Topics' logs in Redis, as functions.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import type { Publication } from "../domain/publication.ts";
import { randomEpoch } from "../history/topic_history.ts";
import type { RedisClient } from "./client.ts";
import type { LogState } from "../history/stored_log.ts";
import { readLogState, readPositions } from "./replies.ts";
import type { ReplicaPosition } from "../history/replica.ts";
import { APPEND, READ } from "./scripts.ts";

/** Bounds of the history in Redis. */
export interface StoreBounds {
  /** Messages that a topic keeps for recovery. */
  readonly historySize: number;
  /** How long it keeps them, and a topic that nobody uses, in milliseconds. */
  readonly historyTtlMs: number;
  /** What all topics may hold together, in bytes; the longest unused goes first. */
  readonly historyMaxBytes: number;
}

/** Entries of an ingest stream that stand behind publications. */
export interface IngestEntries {
  /** Name of the stream. */
  readonly stream: string;
  /** Name of the consumer group. */
  readonly group: string;
  /** Id of the entry behind each publication. */
  readonly ids: readonly string[];
}

/**
 * Appends publications to their topics' logs and announces them, all or none.
 *
 * @param from Entries that are acknowledged in the same step. One that another instance has
 * acknowledged already is not published again.
 * @returns Where each stands; `undefined` for one that was not published again.
 * @throws {Error} If Redis refuses, or is lost before it answers: then nobody knows.
 */
export async function append(
  client: RedisClient,
  publications: readonly Publication[],
  bounds: StoreBounds,
  from: IngestEntries = { stream: "", group: "", ids: [] },
): Promise<(Cursor | undefined)[]> {
  const { historySize, historyTtlMs, historyMaxBytes } = bounds;
  const numbers = [client.database, historySize, historyTtlMs, historyMaxBytes];
  const args = [...numbers.map(String), randomEpoch()];
  args.push(from.stream, from.group);
  for (const [index, { topic, key, json = "" }] of publications.entries()) {
    const keyText = key === undefined ? "" : JSON.stringify(key);
    args.push(topic, keyText, json, from.ids[index] ?? "");
  }
  return readPositions(await client.script(APPEND, args));
}

/**
 * Reads what a reader of a topic's log lacks.
 *
 * @throws {Error} If Redis refuses or is lost.
 */
export async function read(
  client: RedisClient,
  topic: string,
  known: ReplicaPosition,
  { historyTtlMs }: StoreBounds,
): Promise<LogState> {
  const args = [`${client.database}`, `${historyTtlMs}`, randomEpoch(), topic];
  args.push(known.epoch, `${known.offset}`, known.at);
  return readLogState(await client.script(READ, args));
}

/** Returns the channel on which a topic's publications are announced. */
export function channelOf({ database }: RedisClient, topic: string): string {
  return `live:${database}:${topic}`;
}
