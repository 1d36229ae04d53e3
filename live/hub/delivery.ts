/**
 * Delivery: sends a subscriber what is due.
 *
 * @module
 */

import type { Flush } from "./flush.ts";
import { type Frame, joinFrames } from "./frame.ts";
import type { SlowConsumers } from "./slow_consumer.ts";
import { MAX_FRAME_LENGTH } from "./start.ts";
import { isBehind, type Subscription } from "./subscription.ts";

/** The part of a frame that is about one topic. */
interface Part {
  readonly subscription: Subscription;
  readonly frame: Frame;
}

const NO_PARTS: readonly Part[] = [];

/**
 * Sends a subscriber what is due, while its socket has room. The same frame carries what is due on its
 * other topics, because a frame costs much and a message little.
 *
 * A subscriber that gets one topic's frame costs no allocation, because there are thousands of them.
 *
 * @returns Whether the subscriber lagged and was sent something.
 */
export function deliver(subscription: Subscription, slow: SlowConsumers, flush: Flush): boolean {
  const { subscriber } = subscription;
  let moved = false;
  while (isBehind(subscription) && subscriber.hasRoom) {
    const frame = flush.frameFor(subscription, slow.isTooSlow(subscription));
    if (frame === undefined) break;
    const more = partsOfSiblings(subscription, frame, slow, flush);
    const text = more.length === 0
      ? frame.text
      : joinFrames([frame, ...more.map(({ frame }) => frame)], subscriber.wire);
    if (!subscriber.deliver(text)) break;
    flush.sent(text.length);
    advance(subscription, frame, flush);
    for (const { subscription, frame } of more) advance(subscription, frame, flush);
    moved ||= subscription.laggingSince !== undefined;
  }
  return moved;
}

/** Returns what is due on the subscriber's other subscriptions, as much as fits into a frame. */
function partsOfSiblings(
  subscription: Subscription,
  { text: { length } }: Frame,
  slow: SlowConsumers,
  flush: Flush,
): readonly Part[] {
  const { siblings, subscriber: { wire } } = subscription;
  if (siblings.length === 1 || wire.joins !== undefined) return NO_PARTS; // the usual case
  let parts: Part[] | undefined;
  let total = length;
  for (const sibling of siblings) {
    if (total >= MAX_FRAME_LENGTH) break;
    if (sibling === subscription || !isBehind(sibling)) continue;
    const frame = flush.frameFor(sibling, slow.isTooSlow(sibling));
    if (frame === undefined) continue;
    (parts ??= []).push({ subscription: sibling, frame });
    total += frame.text.length;
  }
  return parts ?? NO_PARTS;
}

function advance(subscription: Subscription, frame: Frame, flush: Flush): void {
  subscription.epoch = subscription.topic.log.epoch;
  subscription.offset = frame.upTo;
  subscription.snapshotUpTo = frame.snapshotUpTo;
  if (!subscription.subscriber.isInternal) flush.count(frame);
}
