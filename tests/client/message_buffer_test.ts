/**
 * The queue of an iteration.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { MessageBuffer } from "../../live/client/message_buffer.ts";
import type { Message } from "../../live/client/types.ts";
import { Random } from "../support/random.ts";

/** Pushes messages with these keys, the first with offset 1, and returns what stays. */
function kept(maxSize: number, keys: readonly (string | undefined)[]): [number, number?][] {
  const buffer = new MessageBuffer(maxSize);
  keys.forEach((key, index) => buffer.push(messageOf(index + 1, key)));
  return drain(buffer).map(({ offset, skipped }) => skipped ? [offset, skipped] : [offset]);
}

function messageOf(offset: number, key?: string): Message {
  return { topic: "event:1", offset, data: null, ...(key === undefined ? {} : { key }) };
}

function drain(buffer: MessageBuffer): Message[] {
  const messages: Message[] = [];
  for (let next = buffer.shift(); next !== undefined; next = buffer.shift()) messages.push(next);
  return messages;
}

for (
  const [name, keys, expected] of [
    ["keeps all within its bound", ["a", "a", undefined], [[1], [2], [3]]],
    ["drops an older message of the key", ["b", "a", "c", "a"], [[1], [3, 1], [4]]],
    ["drops the oldest where the key is new", ["a", "b", "c", "d"], [[2, 1], [3], [4]]],
    ["drops the oldest for an event, though there are older events", [
      "a",
      undefined,
      "b",
      undefined,
    ], [[2, 1], [3], [4]]],
    ["tells on the newest itself where the one before it goes", ["b", "c", "a", "a"], [
      [1],
      [2],
      [4, 1],
    ]],
    ["adds up what was dropped before", ["a", "b", "c", "d", "e"], [[3, 2], [4], [5]]],
  ] as const
) {
  Deno.test(`MessageBuffer.push() ${name}`, () => {
    assertEquals(kept(3, keys), expected.map((row) => [...row]));
  });
}

Deno.test("MessageBuffer.push() adds to what the server has skipped", () => {
  const buffer = new MessageBuffer(1);
  buffer.push({ ...messageOf(4), skipped: 3 });
  buffer.push({ ...messageOf(7), skipped: 2 });

  assertEquals(drain(buffer).map(({ skipped }) => skipped), [6]);
});

Deno.test("MessageBuffer.push() leaves the message it was given alone, which others hold too", () => {
  const buffer = new MessageBuffer(1);
  const newest = messageOf(2);
  buffer.push(messageOf(1));
  buffer.push(newest);

  assertEquals(newest, messageOf(2));
});

Deno.test("MessageBuffer of none keeps none", () => {
  assertEquals(kept(0, ["a", "b"]), []);
});

Deno.test("MessageBuffer accounts for every message, and keeps the newest of each key longest", () => {
  const random = new Random(7);
  const buffer = new MessageBuffer(5);
  let before = 0;
  for (let offset = 1; offset <= 2_000; offset++) {
    buffer.push(messageOf(offset, random.of(["a", "b", "c", undefined])));
    if (random.below(4) > 0) continue;
    const taken = buffer.shift();
    assert(taken !== undefined);
    assertEquals(taken.offset, before + 1 + (taken.skipped ?? 0));
    before = taken.offset;
  }
  for (const { offset, skipped = 0 } of drain(buffer)) {
    assertEquals(offset, before + 1 + skipped);
    before = offset;
  }
  assertEquals(before, 2_000);
});
