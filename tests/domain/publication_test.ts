/**
 * Tests of reading publications as others send them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { MAX_KEY_LENGTH, readPublication } from "../../live/domain/publication.ts";

const TOPIC = "event:42";

for (
  const [name, value, publication] of [
    ["data of any kind", { topic: TOPIC, data: null }, { topic: TOPIC, data: "null" }],
    ["nested data", { topic: TOPIC, data: { a: ["é", 1] } }, {
      topic: TOPIC,
      data: '{"a":["é",1]}',
    }],
    ["a key", { topic: TOPIC, data: 1, key: "k" }, { topic: TOPIC, data: "1", key: "k" }],
    ["an empty key", { topic: TOPIC, data: 1, key: "" }, { topic: TOPIC, data: "1", key: "" }],
    ["unknown fields", { topic: TOPIC, data: 1, offset: 7 }, { topic: TOPIC, data: "1" }],
    [
      "the longest key",
      { topic: TOPIC, data: 1, key: "k".repeat(MAX_KEY_LENGTH) },
      { topic: TOPIC, data: "1", key: "k".repeat(MAX_KEY_LENGTH) },
    ],
  ] as const
) {
  Deno.test(`readPublication() takes ${name}`, () => {
    assertEquals(readPublication(value), publication);
  });
}

for (
  const [name, value, fault] of [
    ["nothing", undefined, "Invalid input: expected object, received undefined"],
    ["a list", [], "Invalid input: expected object, received array"],
    ["no topic", { data: 1 }, "topic: Invalid input: expected string, received undefined"],
    [
      "a topic without id",
      { topic: "event", data: 1 },
      "topic: must be <prefix>:<id>, its id the key of one item",
    ],
    [
      "a topic that leaves its collection",
      { topic: "event:..", data: 1 },
      "topic: must be <prefix>:<id>, its id the key of one item",
    ],
    [
      "a key that is no text",
      { topic: TOPIC, data: 1, key: 1 },
      "key: Invalid input: expected string, received number",
    ],
    [
      "a key that is null",
      { topic: TOPIC, data: 1, key: null },
      "key: Invalid input: expected string, received null",
    ],
    [
      "too long a key",
      { topic: TOPIC, data: 1, key: "k".repeat(MAX_KEY_LENGTH + 1) },
      "key: Too big: expected string to have <=256 characters",
    ],
  ] as const
) {
  Deno.test(`readPublication() says what is wrong with ${name}`, () => {
    assertEquals(readPublication(value), fault);
  });
}

Deno.test("readPublication() says that data is missing", () => {
  const read = readPublication({ topic: TOPIC });
  assertEquals([typeof read, String(read).startsWith("data: ")], ["string", true]);
});
