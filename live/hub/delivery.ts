/**
 * Delivery: hands a subscriber what it lacks.
 *
 * @module
 */

import { type Frame, joinFrames, MAX_LENGTH } from "./frame.ts";
import type { Ladder } from "./ladder.ts";
import { lacks, type Subscription } from "./subscription.ts";
import type { Turn } from "./turn.ts";

/** What a frame has of one topic. */
interface Part {
  readonly subscription: Subscription;
  readonly frame: Frame;
  /** Whether it is the newest state, instead of all that was missed. */
  readonly conflated: boolean;
}

/**
 * Hands a subscriber what it lacks, while its socket takes it. What its connection lacks of other
 * topics rides along: what costs is the frame, not the message.
 *
 * @returns Whether a subscriber that lagged was handed something.
 */
export function deliver(subscription: Subscription, ladder: Ladder, turn: Turn): boolean {
  const { connection } = subscription;
  let moved = false;
  while (lacks(subscription) && connection.hasRoom) {
    const parts = partsFor(subscription, ladder, turn);
    const text = joinFrames(parts.map(({ frame }) => frame));
    if (parts.length === 0 || !connection.deliver(text)) break;
    turn.sent(text.length);
    for (const part of parts) advance(part, turn);
    moved ||= subscription.lag !== undefined;
  }
  return moved;
}

/** What the next frame has: of this topic first, then of the connection's others, as much as fits. */
function partsFor(subscription: Subscription, ladder: Ladder, turn: Turn): Part[] {
  const parts: Part[] = [];
  let length = 0;
  const add = (subscription: Subscription) => {
    const conflated = ladder.isTooSlow(subscription);
    const frame = turn.frameFor(subscription, conflated);
    if (frame === undefined) return;
    length += frame.text.length;
    parts.push({ subscription, frame, conflated });
  };
  add(subscription);
  for (const sibling of subscription.siblings) {
    if (length >= MAX_LENGTH) break;
    if (sibling !== subscription && lacks(sibling)) add(sibling);
  }
  return parts;
}

function advance({ subscription, frame, conflated }: Part, turn: Turn): void {
  subscription.epoch = subscription.topic.log.epoch;
  subscription.offset = frame.upTo;
  turn.count(frame, conflated);
}
