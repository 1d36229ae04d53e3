/**
 * The queue of an iteration.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { MessageBuffer } from "../../live/client/message_buffer.ts";
import type { Message } from "../../live/client/types.ts";
import { Random } from "../support/random.ts";

/** Returns the message that a word stands for: `a` sets that key, `-a` removes it, `.` is an event. */
function messageOf(offset: number, word: string): Message {
  const fields = { topic: "event:1", offset };
  if (word === ".") return { ...fields, data: offset };
  if (!word.startsWith("-")) return { ...fields, key: word, data: offset };
  return { ...fields, key: word.slice(1), removed: true };
}

/**
 * Pushes messages, the first with offset 1, where `read` takes the oldest and `clear` drops all.
 * Returns the offsets that are left, each with what it says was skipped: `3+2`.
 */
function left(maxSize: number, words: string): string {
  const buffer = new MessageBuffer(maxSize);
  let offset = 0;
  for (const word of words.split(" ")) {
    if (word === "read") buffer.shift();
    else if (word === "clear") buffer.clear();
    else buffer.push(messageOf(++offset, word));
  }
  return drain(buffer)
    .map(({ offset, skipped }) => skipped === undefined ? `${offset}` : `${offset}+${skipped}`)
    .join(" ");
}

function drain(buffer: MessageBuffer): Message[] {
  const messages: Message[] = [];
  for (let next = buffer.shift(); next !== undefined; next = buffer.shift()) messages.push(next);
  return messages;
}

for (
  const [name, words, expected] of [
    ["keeps everything within its bound", "a a", "1 2"],
    ["drops what a newer message of the key replaces", "a b a", "2+1 3"],
    ["keeps the newest message of each key, however many keys", "a b c d", "1 2 3 4"],
    ["drops the oldest events", ". . . a", "2+1 3 4"],
    ["adds up what was dropped", ". . . . .", "4+3 5"],
    ["drops a key that came and went unread", "a -a b", "3+2"],
    ["keeps the removal of a key that was read", "a read b b -a", "3+1 4"],
    ["keeps no removal that was read", "a -a read read -a b b", "5+2"],
    ["forgets what was read when it is cleared", "a read clear -a b b", "4+2"],
    ["keeps the last message, to say what was skipped", "b a -a", "1 3+1"],
  ] as const
) {
  Deno.test(`MessageBuffer.push() ${name}: ${words}`, () => {
    assertEquals(left(2, words), expected);
  });
}

Deno.test("MessageBuffer.push() adds to what the server has skipped", () => {
  const buffer = new MessageBuffer(1);
  buffer.push({ ...messageOf(4, "."), skipped: 3 });
  buffer.push({ ...messageOf(7, "."), skipped: 2 });

  assertEquals(drain(buffer).map(({ skipped }) => skipped), [6]);
});

Deno.test("MessageBuffer.push() does not change the message, which other subscribers share", () => {
  const buffer = new MessageBuffer(1);
  const newest = messageOf(2, ".");
  buffer.push(messageOf(1, "."));
  buffer.push(newest);

  assertEquals(newest, messageOf(2, "."));
});

Deno.test("MessageBuffer stays bounded while unread keys come and go", () => {
  const buffer = new MessageBuffer(10);
  for (let key = 0; key < 1_000; key++) {
    buffer.push(messageOf(2 * key + 1, `${key}`));
    buffer.push(messageOf(2 * key + 2, `-${key}`));
  }

  assert(drain(buffer).length <= 11);
});

Deno.test("MessageBuffer accounts for every message, and its reader ends with the newest state", () => {
  const random = new Random(7);
  const buffer = new MessageBuffer(5);
  const [state, held] = [new Map<string, number>(), new Map<string, number>()];
  let last = 0;
  const read = (message: Message | undefined) => {
    if (message === undefined) return;
    const { offset, key, removed, skipped = 0 } = message;
    assertEquals(offset, last + 1 + skipped);
    last = offset;
    if (removed) held.delete(key);
    else if (key !== undefined) held.set(key, offset);
  };
  for (let offset = 1; offset <= 5_000; offset++) {
    const message = messageOf(offset, random.of(["a", "b", "c", "-a", "-b", "-c", "."]));
    buffer.push(message);
    if (message.removed) state.delete(message.key);
    else if (message.key !== undefined) state.set(message.key, offset);
    if (random.below(4) === 0) read(buffer.shift());
  }
  drain(buffer).forEach(read);

  assertEquals(last, 5_000);
  assertEquals(new Map([...held].sort()), new Map([...state].sort()));
});
