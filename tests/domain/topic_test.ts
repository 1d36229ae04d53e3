/**
 * Tests of topic names: an id that would reach another route of Directus is refused.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isCollectionName, MAX_TOPIC_LENGTH, parseTopic } from "../../live/domain/topic.ts";

const good: [name: string, prefix: string, id: string][] = [
  ["event:42", "event", "42"],
  ["a:b", "a", "b"],
  ["_a-B_9:x", "_a-B_9", "x"],
  ["event:7c9e6679-7425-40de-944b-e07fc1f90ae7", "event", "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
  ["event:a:b:c", "event", "a:b:c"],
  ["event::", "event", ":"],
  ["event:...", "event", "..."],
  ["event:.a", "event", ".a"],
  ["event:a..", "event", "a.."],
  ["event:a b", "event", "a b"],
  ["event:a&b=c;d", "event", "a&b=c;d"],
  ["event:a\\b", "event", "a\\b"],
  ["event:Straße 日本 😀", "event", "Straße 日本 😀"],
  ["__proto__:constructor", "__proto__", "constructor"],
];

for (const [name, prefix, id] of good) {
  Deno.test(`parseTopic() splits ${name}`, () => {
    assertEquals(parseTopic(name), { name, prefix, id });
  });
}

const bad: Record<string, string> = {
  "an empty name": "",
  "no colon": "event",
  "only a colon": ":",
  "no prefix": ":42",
  "an empty id": "event:",
  "a dot": "event:.",
  "two dots": "event:..",
  "a slash": "event:1/2",
  "a way up": "event:../users",
  "a question mark": "event:1?fields=*",
  "a hash": "event:1#x",
  "a percent sign": "event:%2e",
  "a NUL": "event:1\u0000",
  "a tab": "event:1\t",
  "a line feed": "event:1\n",
  "a carriage return": "event:\r1",
  "an escape": "event:\u001b[31m",
  "a delete": "event:\u007f",
  "a C1 control": "event:\u0085",
  "the last C1 control": "event:\u009f",
  "a dot and a line feed": "event:.\n",
  "a lone high surrogate": "event:\ud83d",
  "a lone low surrogate": "event:\ude00x",
  "a space in the prefix": "my event:1",
  "a dot in the prefix": "my.event:1",
  "a slash in the prefix": "users/me:1",
  "a way up in the prefix": "..:1",
  "a digit first": "1event:1",
  "a hyphen first": "-event:1",
  "a line feed after the prefix": "event\n:1",
  "a letter that is not ASCII": "évent:1",
  "a wildcard": "*:1",
};

for (const [name, topic] of Object.entries(bad)) {
  Deno.test(`parseTopic() refuses ${name}`, () => assertEquals(parseTopic(topic), undefined));
}

Deno.test("parseTopic() refuses control characters at the start and at the end", () => {
  for (let code = 0; code <= 0xff; code++) {
    const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    const isUnsafe = isControl || "/?#%".includes(String.fromCharCode(code));
    for (const name of [`e:${String.fromCharCode(code)}1`, `e:1${String.fromCharCode(code)}`]) {
      assertEquals(parseTopic(name) === undefined, isUnsafe, JSON.stringify(name));
    }
  }
});

Deno.test("parseTopic() accepts names up to the greatest length", () => {
  const name = `e:${"1".repeat(MAX_TOPIC_LENGTH - 2)}`;
  assertEquals(name.length, 256);
  assertEquals(parseTopic(name)?.name, name);
  assertEquals(parseTopic(`${name}1`), undefined);
});

for (
  const [name, expected] of [
    ["events", true],
    ["_events-2", true],
    ["a".repeat(256), true],
    ["a".repeat(257), false],
    ["", false],
    ["2events", false],
    ["events.id", false],
    ["events/1", false],
    ["events\n", false],
  ] as const
) {
  Deno.test(`isCollectionName() is ${expected} for ${JSON.stringify(name.slice(0, 20))} (${name.length})`, () => {
    assertEquals(isCollectionName(name), expected);
  });
}
