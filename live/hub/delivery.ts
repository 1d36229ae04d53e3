/**
 * Delivery: hands a subscriber what is due.
 *
 * @module
 */

import type { Flush } from "./flush.ts";
import { type Frame, joinFrames } from "./frame.ts";
import type { SlowConsumers } from "./slow_consumer.ts";
import { MAX_FRAME_LENGTH } from "./start.ts";
import { isBehind, type Subscription } from "./subscription.ts";

/** What a frame holds of one topic. */
interface Part {
  readonly subscription: Subscription;
  readonly frame: Frame;
  /** Whether it is the newest state, instead of everything that was missed. */
  readonly conflated: boolean;
}

const NO_PARTS: readonly Part[] = [];

/**
 * Hands a subscriber what is due, while its socket takes it. What is due of its other topics rides
 * along: the cost is in the frame, not in the message.
 *
 * @returns Whether a subscriber that lagged was handed something.
 */
export function deliver(subscription: Subscription, slow: SlowConsumers, flush: Flush): boolean {
  const { subscriber } = subscription;
  let moved = false;
  while (isBehind(subscription) && subscriber.hasRoom) {
    const part = partFor(subscription, slow, flush);
    if (part === undefined) break;
    const more = partsForSiblings(part, slow, flush);
    const text = more.length === 0 ? part.frame.text : joinFrames(framesOf(part, more), subscriber);
    if (!subscriber.deliver(text)) break;
    flush.sent(text.length);
    advance(part, flush);
    for (const other of more) advance(other, flush);
    moved ||= subscription.laggingSince !== undefined;
  }
  return moved;
}

/** Returns what is next for a subscription; `undefined` if nothing that is due is still held. */
function partFor(subscription: Subscription, slow: SlowConsumers, flush: Flush): Part | undefined {
  const conflated = slow.isTooSlow(subscription);
  const frame = flush.frameFor(subscription, conflated);
  return frame && { subscription, frame, conflated };
}

/** Returns what is next for the subscriber's other subscriptions, as much as fits into a frame. */
function partsForSiblings(first: Part, slow: SlowConsumers, flush: Flush): readonly Part[] {
  const { siblings, subscriber: { wire } } = first.subscription;
  if (siblings.length === 1 || wire.maxMessages === 1) return NO_PARTS; // the usual case
  const parts: Part[] = [];
  let { length } = first.frame.text;
  for (const sibling of siblings) {
    if (length >= MAX_FRAME_LENGTH) break;
    if (sibling === first.subscription || !isBehind(sibling)) continue;
    const part = partFor(sibling, slow, flush);
    if (part === undefined) continue;
    parts.push(part);
    length += part.frame.text.length;
  }
  return parts;
}

function framesOf(first: Part, more: readonly Part[]): Frame[] {
  return [first, ...more].map(({ frame }) => frame);
}

function advance({ subscription, frame, conflated }: Part, flush: Flush): void {
  subscription.epoch = subscription.topic.log.epoch;
  subscription.offset = frame.upTo;
  subscription.snapshotUpTo = frame.snapshotUpTo;
  flush.count(frame, conflated);
}
