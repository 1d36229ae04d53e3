/**
 * The small functions that every message goes through, for `deno task bench:functions`.
 *
 * @module
 */

import { parseClientMessage } from "../../live/domain/protocol.ts";
import { Publication } from "../../live/domain/publication.ts";
import { parseTopic } from "../../live/domain/topic.ts";
import { TopicHistory } from "../../live/history/topic_history.ts";
import { deliver } from "../../live/hub/delivery.ts";
import { Flush } from "../../live/hub/flush.ts";
import { type Frame, type FrameTarget, joinFrames, makeFrame } from "../../live/hub/frame.ts";
import { SlowConsumers } from "../../live/hub/slow_consumer.ts";
import type { Subscription } from "../../live/hub/subscription.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";

const DATA = { x: 17.3, y: 4.1, pad: "x".repeat(170) };
const JSON_TEXT = JSON.stringify(DATA);
const BOUNDS = { size: 256, ttlMs: 60_000, budget: { used: 0 } };

const subscriber = { wire: jsonWire, ended: false, hasRoom: true, deliver: () => true };

/** Returns a subscriber at the beginning of a log of some publications. */
function targetOf(count: number): FrameTarget {
  const log = new TopicHistory("event:42", { ...BOUNDS, epoch: "e" });
  for (let i = 0; i < count; i++) log.append({ key: `car-${i}`, json: JSON_TEXT });
  const topic = { name: "event:42", log, subscriptions: new Map(), lagging: new Set<never>() };
  return { subscriber, topic, epoch: "e", offset: 0, snapshotUpTo: 0 };
}

const one = targetOf(1);
const many = targetOf(100);
const frames = [makeFrame(one), makeFrame(many)] as Frame[];
const growing = new TopicHistory("event:42", BOUNDS);
const published = { topic: "event:42", key: "car-7", data: DATA };

Deno.bench("parseClientMessage() of a subscribe", { baseline: true }, () => {
  parseClientMessage('{"type":"subscribe","topic":"event:42","id":"1"}');
});

Deno.bench("parseTopic()", () => void parseTopic("event:42"));

Deno.bench("Publication.read()", () => void Publication.read(published));

Deno.bench("TopicHistory.append(), past its size", () => {
  growing.append({ key: "car-7", json: JSON_TEXT });
});

Deno.bench("makeFrame() of one message", () => void makeFrame(one));

Deno.bench("makeFrame() of 100 messages", () => void makeFrame(many));

Deno.bench("joinFrames() of two topics", () => void joinFrames(frames, jsonWire));

const now = () => 0;
const slow = new SlowConsumers({ thresholdBytes: 1_048_576, now });
const flush = new Flush(now);
const siblings: Subscription[] = [];
const subscription: Subscription = { ...one, siblings, laggingSince: undefined };
siblings.push(subscription);

Deno.bench("deliver() of a shared frame to one of thousands", () => {
  subscription.offset = 0;
  deliver(subscription, slow, flush);
});
