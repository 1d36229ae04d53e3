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

const NO_PARTS: readonly Part[] = [];

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
    const part = partFor(subscription, ladder, turn);
    if (part === undefined) break;
    const more = partsForSiblings(part, ladder, turn);
    const text = more.length === 0 ? part.frame.text : joinFrames(framesOf(part, more));
    if (!connection.deliver(text)) break;
    turn.sent(text.length);
    advance(part, turn);
    for (const other of more) advance(other, turn);
    moved ||= subscription.lag !== undefined;
  }
  return moved;
}

/** What is next for a subscriber; `undefined` if nothing of what it lacks is held. */
function partFor(subscription: Subscription, ladder: Ladder, turn: Turn): Part | undefined {
  const conflated = ladder.isTooSlow(subscription);
  const frame = turn.frameFor(subscription, conflated);
  return frame && { subscription, frame, conflated };
}

/** What is next for the connection's other subscriptions, as much as fits into a frame. */
function partsForSiblings(first: Part, ladder: Ladder, turn: Turn): readonly Part[] {
  const { siblings } = first.subscription;
  if (siblings.length === 1) return NO_PARTS; // nearly always
  const parts: Part[] = [];
  let { length } = first.frame.text;
  for (const sibling of siblings) {
    if (length >= MAX_LENGTH) break;
    if (sibling === first.subscription || !lacks(sibling)) continue;
    const part = partFor(sibling, ladder, turn);
    if (part === undefined) continue;
    parts.push(part);
    length += part.frame.text.length;
  }
  return parts;
}

function framesOf(first: Part, more: readonly Part[]): Frame[] {
  return [first, ...more].map(({ frame }) => frame);
}

function advance({ subscription, frame, conflated }: Part, turn: Turn): void {
  subscription.epoch = subscription.topic.log.epoch;
  subscription.offset = frame.upTo;
  turn.count(frame, conflated);
}
