/**
 * Frames: what takes a subscriber's cursor on.
 *
 * @module
 */

import type { Cursor, HeldMessage } from "../domain/broker.ts";
import { encodeFrame, encodeServerMessage, withSkipped } from "../domain/protocol.ts";
import type { OpenTopic } from "./subscription.ts";

/** What one frame holds, unless a single message is larger, in UTF-16 code units. */
export const MAX_LENGTH = 65_536;

/** A frame, how far it takes a cursor, and what it counts as. */
export interface Frame {
  /** What is sent. */
  readonly text: string;
  /** Where the cursor stands afterwards. */
  readonly upTo: number;
  /** Whether it tells of a log's new life, instead of carrying messages. */
  readonly isStart: boolean;
  /** How many messages it carries. */
  readonly count: number;
  /** How many messages it says were missed. */
  readonly skipped: number;
}

/**
 * Makes the next frame for a cursor; `undefined` if there is nothing to send.
 *
 * - What follows the cursor, as much as fits.
 * - If the log no longer holds what follows: the latest of each key and then what it does hold,
 *   each message after a gap saying how many were `skipped`.
 * - If the reader is too slow for all of it: the newest state, with what was `skipped`.
 * - If the log began a new life: `subscribed`, as if the client had asked anew. It begins before the
 *   first message of that life if all of them are still held, else with the snapshot.
 */
export function makeFrame(
  topic: OpenTopic,
  cursor: Cursor,
  { conflate = false }: { readonly conflate?: boolean } = {},
): Frame | undefined {
  const { log } = topic;
  if (cursor.epoch !== log.epoch) return startFrame(topic);
  if (conflate) return gapFrame(log.newest(cursor.offset), cursor.offset);
  const messages = log.read(cursor.offset, MAX_LENGTH);
  if (messages === undefined) return gapFrame(log.held(cursor.offset), cursor.offset);
  if (messages.length === 0) return undefined;
  const upTo = cursor.offset + messages.length;
  return { text: encodeFrame(messages), upTo, isStart: false, count: messages.length, skipped: 0 };
}

/** Joins frames of several topics to the text of one. */
export function joinFrames(frames: readonly Frame[]): string {
  return `[${frames.map(({ text, count }) => count === 1 ? text : text.slice(1, -1)).join()}]`;
}

function startFrame({ name, log }: OpenTopic): Frame {
  const isWhole = log.read(0, 0) !== undefined;
  const offset = isWhole ? 0 : log.head;
  const messages = isWhole ? [] : log.latest();
  const { epoch } = log;
  return {
    text: encodeServerMessage(
      { type: "subscribed", topic: name, epoch, offset, recovered: false, messages },
    ),
    upTo: offset,
    isStart: true,
    count: 1,
    skipped: 0,
  };
}

function gapFrame(held: Iterable<HeldMessage>, from: number): Frame | undefined {
  const messages: string[] = [];
  let upTo = from;
  let length = 0;
  let skipped = 0;
  for (const { offset, message } of held) {
    length += message.length;
    if (length > MAX_LENGTH && messages.length > 0) break;
    const missed = offset - upTo - 1;
    messages.push(missed > 0 ? withSkipped(message, missed) : message);
    skipped += missed;
    upTo = offset;
  }
  if (messages.length === 0) return undefined;
  return { text: encodeFrame(messages), upTo, isStart: false, count: messages.length, skipped };
}
