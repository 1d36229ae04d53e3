/**
 * Where a subscription begins.
 *
 * @module
 */

import type { Cursor, LoggedPublication, TopicLog } from "../domain/broker.ts";

/** What one frame holds, unless a single publication is larger, in UTF-16 code units. */
export const MAX_FRAME_LENGTH = 65_536;

/** The start of a subscription: its cursor, and what the client is sent with it. */
export interface Start extends Cursor {
  /** Whether everything after the client's position follows, here and as ordinary messages. */
  readonly recovered: boolean;
  /** What followed the client's position, or else the state: as much as fits into a frame. */
  readonly messages: readonly LoggedPublication[];
  /** Up to this offset the rest of the state follows as ordinary messages; 0 if there is no rest. */
  readonly snapshotUpTo: number;
}

/**
 * Returns the start of a subscription: what followed `since` if the log still holds all of it, else
 * the state.
 *
 * A start is never larger than a frame: `offset` is that of its last message, and the fan-out sends
 * the rest as the socket drains. Publications go out in the order of their offsets, so a client that
 * breaks off in between can resume from the last message it got, as from any other.
 */
export function startOf(log: TopicLog, since: Cursor | undefined): Start {
  const { epoch, head } = log;
  const missed = since?.epoch === epoch ? log.read(since.offset, MAX_FRAME_LENGTH) : undefined;
  if (missed !== undefined) {
    const offset = missed.at(-1)?.offset ?? head;
    return { epoch, offset, recovered: true, messages: missed, snapshotUpTo: 0 };
  }
  const messages: LoggedPublication[] = [];
  let length = 0;
  for (const publication of log.latest(0)) {
    length += lengthOf(publication);
    if (length > MAX_FRAME_LENGTH && messages.length > 0) {
      const offset = messages.at(-1)?.offset ?? 0;
      return { epoch, offset, recovered: false, messages, snapshotUpTo: head };
    }
    messages.push(publication);
  }
  return { epoch, offset: head, recovered: false, messages, snapshotUpTo: 0 };
}

/** Returns the start of a log's new life: from its first publication if the log holds it. */
export function restartOf(log: TopicLog): Start {
  const { epoch } = log;
  return log.read(0, 0) === undefined
    ? startOf(log, undefined)
    : { epoch, offset: 0, recovered: false, messages: [], snapshotUpTo: 0 };
}

/** Returns about how much of a frame a publication takes, in UTF-16 code units. */
export function lengthOf({ key, json }: LoggedPublication): number {
  return (key?.length ?? 0) + (json?.length ?? 0);
}
