/**
 * Tests of frames: what a cursor gets, wherever it stands.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Cursor } from "../../live/domain/broker.ts";
import { withSkipped } from "../../live/domain/protocol.ts";
import { TopicHistory } from "../../live/history/topic_history.ts";
import { type Frame, joinFrames, makeFrame } from "../../live/hub/frame.ts";
import type { OpenTopic } from "../../live/hub/subscription.ts";
import { messageOf } from "./fakes.ts";

const LARGE = "x".repeat(40_000);

/** Makes a topic whose log holds its last messages only, each with the key that is given. */
function topicOf(size: number, ...keys: (string | undefined)[]): OpenTopic {
  const options = { size, ttlMs: 60_000, budget: { used: 0 } };
  const log = new TopicHistory("a:1", options);
  for (const [index, key] of keys.entries()) log.append(`${index + 1}`, key);
  return { name: "a:1", log, subscriptions: new Map(), lagging: new Set() };
}

function at(topic: OpenTopic, offset: number): Cursor {
  return { epoch: topic.log.epoch, offset };
}

function message(offset: number, key?: string): string {
  return messageOf("a:1", offset, offset, key);
}

Deno.test("makeFrame() makes none at the head", () => {
  const topic = topicOf(10, "k");
  assertEquals(makeFrame(topic, at(topic, 1)), undefined);
});

Deno.test("makeFrame() tells the latest of each key that is gone, then all that is held", () => {
  const topic = topicOf(2, "a", "b", "a", undefined, "c", undefined);
  assertEquals(makeFrame(topic, at(topic, 0)), {
    text: `[${[
      withSkipped(message(2, "b"), 1),
      message(3, "a"),
      withSkipped(message(5, "c"), 1),
      message(6),
    ]}]`,
    upTo: 6,
    isStart: false,
    count: 4,
    skipped: 2,
  });
});

Deno.test("makeFrame() tells nothing again that the cursor is past", () => {
  const topic = topicOf(1, "a", "b", undefined, undefined);
  const frame = makeFrame(topic, at(topic, 1));
  assertEquals(frame?.text, `[${[message(2, "b"), withSkipped(message(4), 1)]}]`);
});

Deno.test("makeFrame() cuts what is held to the size of a frame, and goes on from there", () => {
  const topic = topicOf(0);
  const log = new TopicHistory("a:1", { size: 0, ttlMs: 60_000, budget: { used: 0 }, head: 4 });
  for (const offset of [1, 3, 4]) {
    log.restore(offset, JSON.stringify(LARGE), `${offset}`, Date.now());
  }
  const large = { ...topic, log };
  const offsets: number[] = [];
  for (let cursor = at(large, 0);;) {
    const frame = makeFrame(large, cursor);
    if (frame === undefined) break;
    assertEquals(frame.count, 1);
    offsets.push(frame.upTo);
    cursor = at(large, frame.upTo);
  }
  assertEquals(offsets, [1, 3, 4]);
});

Deno.test("makeFrame() makes none where nothing after the cursor is held", () => {
  const topic = topicOf(0, undefined, undefined);
  assertEquals(makeFrame(topic, at(topic, 0)), undefined);
});

Deno.test("makeFrame() begins a new life before its first message, if it is held", () => {
  const topic = topicOf(10, "a", undefined);
  const frame = makeFrame(topic, { epoch: "former", offset: 100 });
  assert(frame !== undefined);
  const { epoch } = topic.log;
  const start = { type: "subscribed", topic: "a:1", epoch, offset: 0, recovered: false };
  assertEquals(JSON.parse(frame.text), { ...start, messages: [] });
  assertEquals([frame.upTo, frame.isStart, frame.skipped], [0, true, 0]);
});

Deno.test("makeFrame() begins a new life with its snapshot, if its first message is gone", () => {
  const topic = topicOf(1, "a", "b", undefined);
  const frame = makeFrame(topic, { epoch: "former", offset: 1 });
  assert(frame !== undefined);
  const { epoch } = topic.log;
  const start = { type: "subscribed", topic: "a:1", epoch, offset: 3, recovered: false };
  const messages = [message(1, "a"), message(2, "b")].map((text) => JSON.parse(text));
  assertEquals(JSON.parse(frame.text), { ...start, messages });
  assertEquals([frame.upTo, frame.isStart], [3, true]);
});

Deno.test("joinFrames() makes one array of what is one message and what is several", () => {
  const one = topicOf(10, "k");
  const several = topicOf(10, "k", "l");
  const frames = [makeFrame(one, at(one, 0)), makeFrame(several, at(several, 0))] as Frame[];
  assertEquals(joinFrames(frames), `[${[message(1, "k"), message(1, "k"), message(2, "l")]}]`);
});
