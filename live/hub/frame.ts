/**
 * Frames, each of which moves a subscriber's cursor.
 *
 * @module
 */

import { type LoggedPublication, messageLength } from "../domain/broker.ts";
import type { Wire } from "../domain/wire.ts";
import { MAX_FRAME_LENGTH, restartOf, type Start, startOf } from "./start.ts";
import type { Subscription } from "./subscription.ts";

/** The part of a subscription that decides about its next frame. */
export type FrameTarget = Pick<
  Subscription,
  "subscriber" | "topic" | "epoch" | "offset" | "snapshotUpTo"
>;

/** A frame, the cursor after it, and what the metrics count. */
export interface Frame {
  /** The messages, as the wire rendered them. */
  readonly parts: readonly string[];
  /** The text to send. */
  readonly text: string;
  /** The cursor afterwards. */
  readonly upTo: number;
  /** The end of the snapshot if the subscriber still has to read a part of it afterwards; otherwise 0. */
  readonly snapshotUpTo: number;
  /** Whether it starts the subscription over, instead of carrying messages. */
  readonly isStart: boolean;
  /** Whether it carries the newest state, instead of everything that follows the cursor. */
  readonly isConflated: boolean;
  /** How many messages it reports as skipped. */
  readonly skipped: number;
}

/**
 * Makes the next frame for a subscriber; `undefined` if the log no longer holds anything that is due.
 *
 * - What follows the cursor, as much as fits. A subscriber that is still reading its snapshot gets
 *   the rest of the snapshot first.
 * - If the log no longer holds what follows: the latest of each key and then what it does hold. Each
 *   message after a gap says how many were `skipped`.
 * - If the subscriber is too slow for all of it: the newest state, with what was `skipped`.
 * - If the log began a new life, or the subscriber can no longer catch up: `subscribed`, as if the
 *   client had subscribed again.
 */
export function makeFrame(
  target: FrameTarget,
  { conflate = false }: { readonly conflate?: boolean } = {},
): Frame | undefined {
  const { topic: { log }, epoch, offset, snapshotUpTo } = target;
  if (epoch !== log.epoch) return startFrame(target, restartOf(log, target.subscriber));
  if (offset < snapshotUpTo) {
    const rest = messageFrame(target, until(log.latest(offset), snapshotUpTo));
    if (rest !== undefined) return rest;
  }
  const readUpTo = Math.max(offset, snapshotUpTo);
  const missed = conflate ? undefined : log.read(readUpTo, MAX_FRAME_LENGTH);
  if (missed !== undefined) return messageFrame(target, missed);
  if (!log.canCatchUp(readUpTo)) {
    return startFrame(target, startOf(log, undefined, target.subscriber));
  }
  return conflate
    ? messageFrame(target, log.newest(readUpTo), { isConflated: true })
    : messageFrame(target, log.held(readUpTo));
}

/** Joins frames for one subscriber, each of a different topic, and returns the text of one frame. */
export function joinFrames(frames: readonly Frame[], wire: Wire): string {
  return wire.frame(frames.flatMap(({ parts }) => parts));
}

function startFrame({ topic, subscriber: { wire } }: FrameTarget, start: Start): Frame {
  const { snapshotUpTo, ...rest } = start;
  const text = wire.answer({ type: "subscribed", topic: topic.name, ...rest });
  const kind = { isStart: true, isConflated: false, skipped: 0 };
  return { parts: [text], text, upTo: start.offset, snapshotUpTo, ...kind };
}

function messageFrame(
  { topic: { log }, subscriber: { wire }, offset, snapshotUpTo }: FrameTarget,
  publications: Iterable<LoggedPublication>,
  { isConflated = false } = {},
): Frame | undefined {
  const parts: string[] = [];
  let upTo = offset;
  let length = 0;
  let skipped = 0;
  for (const publication of publications) {
    length += messageLength(log.topic, publication);
    const isFull = length > MAX_FRAME_LENGTH || wire.joins?.(publication) === false;
    if (isFull && parts.length > 0) break;
    // Gaps within the snapshot are older than the subscription, so nothing was missed.
    const missed = Math.max(0, publication.offset - Math.max(upTo, snapshotUpTo) - 1);
    parts.push(wire.publication(log, publication, missed));
    skipped += missed;
    upTo = publication.offset;
  }
  if (parts.length === 0) return undefined;
  const text = wire.frame(parts);
  const isRead = upTo >= snapshotUpTo;
  const kind = { isStart: false, isConflated, skipped };
  return { parts, text, upTo, snapshotUpTo: isRead ? 0 : snapshotUpTo, ...kind };
}

function* until(
  publications: Iterable<LoggedPublication>,
  offset: number,
): Iterable<LoggedPublication> {
  for (const publication of publications) {
    if (publication.offset > offset) return;
    yield publication;
  }
}
