/**
 * Reading and announcing a topic's log that is in this process.
 *
 * @module
 */

import type { Cursor, LoggedPublication, TopicLog } from "../domain/broker.ts";
import type { ReplicaPosition } from "./replica.ts";
import type { Announcement, LogState, StoredPublication } from "./stored_log.ts";

/** Microseconds in a millisecond. */
const MICROSECONDS = 1_000;

/** Returns what a replica lacks of a log: what follows its position, or everything that is held. */
export function stateOf(log: TopicLog, known: ReplicaPosition): LogState {
  const { epoch, head: offset } = log;
  const now = Date.now() * MICROSECONDS;
  const isSame = known.epoch === epoch && known.offset <= offset;
  const missed = isSame ? log.read(known.offset, Infinity) : undefined;
  if (missed !== undefined) {
    return { epoch, offset, now, publications: missed.map(stored), latest: [], removedUpTo: 0 };
  }
  const held = [...log.held(0)];
  // Only publications that lead to the head without a gap belong to the log.
  const start =
    held.findLastIndex((publication, index) =>
      publication.offset !== offset - (held.length - 1 - index)
    ) + 1;
  return {
    epoch,
    offset,
    now,
    publications: held.slice(start).map(stored),
    latest: [...log.latest(0)].map(stored),
    removedUpTo: removedUpTo(log),
  };
}

/**
 * Returns what follows a position, for replicas that have got everything up to it. If some of it is no
 * longer held, or the log has begun a new life, the announcement makes them read the log.
 */
export function announcementAfter(log: TopicLog, { epoch, offset }: Cursor): Announcement {
  const publications = log.epoch === epoch ? log.read(offset, Infinity) : undefined;
  // No epoch is empty, so the replica reads the whole log.
  if (publications === undefined) return { epoch: "", publications: [] };
  return { epoch, publications: publications.map(stored) };
}

function stored({ offset, key, json, at, rank, event }: LoggedPublication): StoredPublication {
  const publication = { offset, key, json, at: String(Math.floor(at * MICROSECONDS)) };
  // Only views have these fields. Other publications omit them, as everything that crosses to another
  // thread is copied.
  return rank === undefined && event === undefined ? publication : { ...publication, rank, event };
}

/** Returns the lowest offset from which a reader can learn of every removal that follows. */
function removedUpTo(log: TopicLog): number {
  let [low, high] = [0, log.head];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (log.canCatchUp(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
