/**
 * Frames: what moves a subscriber's cursor on.
 *
 * @module
 */

import type { LoggedPublication } from "../domain/broker.ts";
import { lengthOf, MAX_FRAME_LENGTH, restartOf, type Start, startOf } from "./start.ts";
import type { Subscription } from "./subscription.ts";

/** As much of a subscription as decides about its next frame. */
export type FrameTarget = Pick<
  Subscription,
  "subscriber" | "topic" | "epoch" | "offset" | "snapshotUpTo"
>;

/** A frame, the cursor after it, and what it counts as. */
export interface Frame {
  /** The messages, as the wire rendered them. */
  readonly parts: readonly string[];
  /** What is sent. */
  readonly text: string;
  /** The cursor afterwards. */
  readonly upTo: number;
  /** The end of the state that the subscriber still has to read afterwards; 0 if it has none. */
  readonly snapshotUpTo: number;
  /** Whether it begins the topic anew, instead of carrying messages. */
  readonly isStart: boolean;
  /** How many messages it says were missed. */
  readonly skipped: number;
}

/**
 * Makes the next frame for a subscriber; `undefined` if nothing that is due is still held.
 *
 * - What follows the cursor, as much as fits. A subscriber that is still reading its snapshot gets
 *   the rest of the state first.
 * - If the log no longer holds what follows: the latest of each key and then what it does hold,
 *   each message after a gap saying how many were `skipped`.
 * - If the subscriber is too slow for all of it: the newest state, with what was `skipped`.
 * - If the log began a new life, or a removal that follows the cursor is no longer held:
 *   `subscribed`, as if the client had subscribed again.
 */
export function makeFrame(
  target: FrameTarget,
  { conflate = false }: { readonly conflate?: boolean } = {},
): Frame | undefined {
  const { topic: { log }, epoch, offset, snapshotUpTo } = target;
  if (epoch !== log.epoch) return startFrame(target, restartOf(log));
  if (conflate) return frameOrRestart(target, log.newest(offset));
  if (offset < snapshotUpTo) {
    const rest = messageFrame(target, until(log.latest(offset), snapshotUpTo));
    return rest ?? makeFrame({ ...target, offset: snapshotUpTo });
  }
  const messages = log.read(offset, MAX_FRAME_LENGTH);
  return messages === undefined
    ? frameOrRestart(target, log.held(offset))
    : messageFrame(target, messages);
}

/** Joins frames for one subscriber, each of another topic, to the text of one. */
export function joinFrames(frames: readonly Frame[], { wire }: FrameTarget["subscriber"]): string {
  return wire.frame(frames.flatMap(({ parts }) => parts));
}

function frameOrRestart(
  target: FrameTarget,
  publications: Iterable<LoggedPublication> | undefined,
): Frame | undefined {
  if (publications !== undefined) return messageFrame(target, publications);
  return startFrame(target, startOf(target.topic.log, undefined));
}

function startFrame({ topic, subscriber: { wire } }: FrameTarget, start: Start): Frame {
  const { snapshotUpTo, ...rest } = start;
  const text = wire.answer({ type: "subscribed", topic: topic.name, ...rest });
  return { parts: [text], text, upTo: start.offset, snapshotUpTo, isStart: true, skipped: 0 };
}

function messageFrame(
  { topic: { log }, subscriber: { wire }, offset, snapshotUpTo }: FrameTarget,
  publications: Iterable<LoggedPublication>,
): Frame | undefined {
  const parts: string[] = [];
  let upTo = offset;
  let length = 0;
  let skipped = 0;
  for (const publication of publications) {
    length += lengthOf(publication);
    const isFull = length > MAX_FRAME_LENGTH || parts.length >= wire.maxMessages;
    if (isFull && parts.length > 0) break;
    // What the state does not hold of the time before the subscription was not missed.
    const missed = Math.max(0, publication.offset - Math.max(upTo, snapshotUpTo) - 1);
    parts.push(wire.publication(log, publication, missed));
    skipped += missed;
    upTo = publication.offset;
  }
  if (parts.length === 0) return undefined;
  const text = wire.frame(parts);
  const isRead = upTo >= snapshotUpTo;
  return { parts, text, upTo, snapshotUpTo: isRead ? 0 : snapshotUpTo, isStart: false, skipped };
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
