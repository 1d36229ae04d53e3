/**
 * The small functions that every message goes through, for `deno task bench:functions`.
 *
 * @module
 */

import { parseClientMessage } from "../../live/domain/protocol.ts";
import { parseTopic } from "../../live/domain/topic.ts";
import { TopicHistory } from "../../live/history/topic_history.ts";
import { type Frame, joinFrames, makeFrame } from "../../live/hub/frame.ts";
import type { OpenTopic } from "../../live/hub/subscription.ts";
import { readPublication } from "../../live/domain/publication.ts";

const DATA = JSON.stringify({ x: 17.3, y: 4.1, pad: "x".repeat(170) });

function topicOf(count: number): OpenTopic {
  const log = new TopicHistory("event:42", { size: 256, ttlMs: 60_000, budget: { used: 0 } });
  for (let i = 0; i < count; i++) log.append(DATA, `car-${i}`);
  return { name: "event:42", log, subscriptions: new Map(), lagging: new Set() };
}

const one = topicOf(1);
const many = topicOf(100);
const at = ({ log: { epoch } }: OpenTopic) => ({ epoch, offset: 0 });
const frames = [makeFrame(one, at(one)), makeFrame(many, at(many))] as Frame[];
const growing = new TopicHistory("event:42", { size: 256, ttlMs: 60_000, budget: { used: 0 } });
const published = { topic: "event:42", key: "car-7", data: JSON.parse(DATA) };

Deno.bench("parseClientMessage() of a subscribe", { baseline: true }, () => {
  parseClientMessage('{"type":"subscribe","topic":"event:42","id":"1"}');
});

Deno.bench("parseTopic()", () => void parseTopic("event:42"));

Deno.bench("readPublication()", () => void readPublication(published));

Deno.bench("TopicHistory.append(), past its size", () => void growing.append(DATA, "car-7"));

Deno.bench("makeFrame() of one message", () => void makeFrame(one, at(one)));

Deno.bench("makeFrame() of 100 messages", () => void makeFrame(many, at(many)));

Deno.bench("joinFrames() of two topics", () => void joinFrames(frames));
