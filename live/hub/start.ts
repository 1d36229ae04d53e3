/**
 * Where a subscription begins.
 *
 * @module
 */

import {
  type Cursor,
  type LoggedPublication,
  messageLength,
  type TopicLog,
} from "../domain/broker.ts";

import type { Subscriber } from "./subscriber.ts";

/** The longest frame, unless a single publication is longer, in UTF-16 code units. */
export const MAX_FRAME_LENGTH = 65_536;

/** The start of a subscription: its cursor, and the first messages. */
export interface Start extends Cursor {
  /** Whether everything after the client's position follows, here and as ordinary messages. */
  readonly recovered: boolean;
  /** What followed the client's position, or the snapshot: as much as fits into a frame. */
  readonly messages: readonly LoggedPublication[];
  /** The rest of the snapshot, up to this offset, follows as ordinary messages; 0 if none is left. */
  readonly snapshotUpTo: number;
}

/**
 * Returns the start of a subscription: what followed `since` if the log still holds all of it,
 * otherwise the snapshot, which is the latest of each key.
 *
 * A start is never larger than a frame, unless its subscriber needs the whole state. `offset` is the offset
 * of its last message, and the fan-out sends the rest as the socket drains. Everything goes out in the
 * order of offsets, so a client whose connection breaks in between can resume after the last message it
 * got.
 */
export function startOf(
  log: TopicLog,
  since: Cursor | undefined,
  { startsWhole = false }: Pick<Subscriber, "startsWhole">,
): Start {
  const { epoch, head } = log;
  const missed = since?.epoch === epoch ? log.read(since.offset, MAX_FRAME_LENGTH) : undefined;
  if (since !== undefined && missed !== undefined) {
    const messages = startsWhole ? [] : missed;
    const offset = messages.at(-1)?.offset ?? since.offset;
    return { epoch, offset, recovered: true, messages, snapshotUpTo: 0 };
  }
  const messages: LoggedPublication[] = [];
  let length = 0;
  for (const publication of log.latest(0)) {
    length += messageLength(log.topic, publication);
    if (length > MAX_FRAME_LENGTH && messages.length > 0 && !startsWhole) {
      const offset = messages.at(-1)?.offset ?? 0;
      return { epoch, offset, recovered: false, messages, snapshotUpTo: head };
    }
    messages.push(publication);
  }
  return { epoch, offset: head, recovered: false, messages, snapshotUpTo: 0 };
}

/** Returns the start of a log's new life: at its first publication if the log still holds it. */
export function restartOf(log: TopicLog, subscriber: Pick<Subscriber, "startsWhole">): Start {
  const { epoch } = log;
  return log.read(0, 0) === undefined
    ? startOf(log, undefined, subscriber)
    : { epoch, offset: 0, recovered: false, messages: [], snapshotUpTo: 0 };
}
