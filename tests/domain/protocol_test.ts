/**
 * Tests of reading client messages.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { MAX_MESSAGE_ID_LENGTH, parseClientMessage } from "../../live/domain/protocol.ts";

const since = { epoch: "e1", offset: 17 };
const good: Record<string, [frame: unknown, message: unknown]> = {
  "a subscribe": [
    { type: "subscribe", topic: "event:42" },
    { type: "subscribe", topic: "event:42" },
  ],
  "a subscribe with id and since": [
    { type: "subscribe", topic: "event:42", id: "1", since },
    { type: "subscribe", topic: "event:42", id: "1", since },
  ],
  "an unsubscribe": [
    { type: "unsubscribe", topic: "event:42", id: "2" },
    { type: "unsubscribe", topic: "event:42", id: "2" },
  ],
  "a ping": [{ type: "ping", id: "3" }, { type: "ping", id: "3" }],
  "a ping without an id, with a topic that means nothing": [
    { type: "ping", topic: 1 },
    { type: "ping" },
  ],
  "an empty id": [
    { type: "unsubscribe", topic: "event:42", id: "" },
    { type: "unsubscribe", topic: "event:42", id: "" },
  ],
  "unknown fields": [
    { type: "subscribe", topic: "a:1", x: { y: [1] }, since: { ...since, z: 1 } },
    { type: "subscribe", topic: "a:1", since },
  ],
  "an unsubscribe with a since, which is ignored": [
    { type: "unsubscribe", topic: "a:1", since: "?" },
    { type: "unsubscribe", topic: "a:1" },
  ],
  "a malformed topic, which the session refuses": [
    { type: "subscribe", topic: "" },
    { type: "subscribe", topic: "" },
  ],
  "an offset of zero": [
    { type: "subscribe", topic: "a:1", since: { epoch: "", offset: 0 } },
    { type: "subscribe", topic: "a:1", since: { epoch: "", offset: 0 } },
  ],
  "the greatest offset": [
    { type: "subscribe", topic: "a:1", since: { epoch: "e", offset: Number.MAX_SAFE_INTEGER } },
    { type: "subscribe", topic: "a:1", since: { epoch: "e", offset: Number.MAX_SAFE_INTEGER } },
  ],
};

for (const [name, [frame, message]] of Object.entries(good)) {
  Deno.test(`parseClientMessage() reads ${name}`, () => {
    const parsed = parseClientMessage(JSON.stringify(frame));
    assertEquals(parsed, { ok: true, message } as typeof parsed);
  });
}

/** Invalid frames, and the id in the answer, if any. */
const bad: Record<string, [frame: unknown, id?: string]> = {
  "an empty text": [""],
  "text that is not JSON": ["hello"],
  "half of a message": ['{"type":"subscribe","topic":"event:42"'],
  "two messages in one": ['{"type":"subscribe","topic":"a:1"}{"type":"subscribe","topic":"a:2"}'],
  "a byte order mark": ['\ufeff{"type":"subscribe","topic":"a:1"}'],
  "null": ["null"],
  "a number": ["1"],
  "a string": ['"subscribe"'],
  "an array of messages": ['[{"type":"subscribe","topic":"a:1","id":"1"}]'],
  "an empty object": ["{}"],
  "no type": ['{"topic":"a:1","id":"1"}', "1"],
  "an unknown type": ['{"type":"publish","topic":"a:1","id":"1"}', "1"],
  "a server's type": ['{"type":"message","topic":"a:1","id":"1"}', "1"],
  "a type of another case": ['{"type":"Subscribe","topic":"a:1"}'],
  "a type that every object has": ['{"type":"constructor","topic":"a:1"}'],
  "a type that is not a string": ['{"type":["subscribe"],"topic":"a:1"}'],
  "no topic": ['{"type":"subscribe","id":"7"}', "7"],
  "a topic that is not a string": ['{"type":"subscribe","topic":42,"id":"7"}', "7"],
  "a topic that is null": ['{"type":"unsubscribe","topic":null,"id":"7"}', "7"],
  "a numeric id": ['{"type":"subscribe","topic":"a:1","id":1}'],
  "an id that is null": ['{"type":"subscribe","topic":"a:1","id":null}'],
  "a since that is null": ['{"type":"subscribe","topic":"a:1","id":"7","since":null}', "7"],
  "a since without offset": ['{"type":"subscribe","topic":"a:1","since":{"epoch":"e"}}'],
  "a since without epoch": ['{"type":"subscribe","topic":"a:1","since":{"offset":1}}'],
  "a negative offset": [sinceOffset("-1"), "7"],
  "a broken offset": [sinceOffset("1.5"), "7"],
  "an offset past the safe integers": [sinceOffset("9007199254740993"), "7"],
  "an infinite offset": [sinceOffset("1e999"), "7"],
  "an offset as text": [sinceOffset('"1"'), "7"],
  "a message in __proto__": ['{"__proto__":{"type":"subscribe","topic":"a:1","id":"7"}}'],
  "a topic in __proto__": ['{"type":"subscribe","__proto__":{"topic":"a:1"},"id":"7"}', "7"],
  "an id in __proto__": ['{"type":"x","__proto__":{"id":"7"}}'],
  "deep arrays": ["[".repeat(30_000) + "]".repeat(30_000)],
  "a deep type": [`{"type":${"[".repeat(30_000)}${"]".repeat(30_000)},"id":"7"}`, "7"],
  "a binary frame": [new TextEncoder().encode('{"type":"subscribe","topic":"a:1"}').buffer],
  "a Blob": [new Blob(['{"type":"subscribe","topic":"a:1"}'])],
  "an object, not its text": [{ type: "subscribe", topic: "a:1", id: "7" }],
  "a list of texts": [['{"type":"subscribe","topic":"a:1","id":"7"}']],
  "undefined": [undefined],
};

for (const [name, [frame, id]] of Object.entries(bad)) {
  Deno.test(`parseClientMessage() answers ${name} with a protocol violation`, () => {
    const parsed = parseClientMessage(frame);
    assertEquals(
      JSON.stringify(parsed),
      '{"ok":false,"answer":{"type":"error","code":"protocol-violation",' +
        `"message":"Invalid message envelope"${id === undefined ? "" : `,"id":"${id}"`}}}`,
    );
  });
}

Deno.test("parseClientMessage() accepts an id up to the greatest length", () => {
  const message = (id: string) => JSON.stringify({ type: "subscribe", topic: "a:1", id });
  const longest = "i".repeat(MAX_MESSAGE_ID_LENGTH);
  assertEquals(longest.length, 64);
  assertEquals(parseClientMessage(message(longest)).ok, true);
  const parsed = parseClientMessage(message(`${longest}i`));
  assertEquals(parsed.ok || parsed.answer.id, undefined);
});

Deno.test("parseClientMessage() uses the last of two fields of the same name, as JSON.parse does", () => {
  const parsed = parseClientMessage('{"type":"x","type":"subscribe","topic":"a:1","topic":"a:2"}');
  assertEquals(parsed, { ok: true, message: { type: "subscribe", topic: "a:2" } });
});

Deno.test("parseClientMessage() ignores an unknown field that is deeply nested", () => {
  const deep = "[".repeat(30_000) + "]".repeat(30_000);
  const parsed = parseClientMessage(`{"type":"subscribe","topic":"a:1","x":${deep}}`);
  assertEquals(JSON.stringify(parsed), '{"ok":true,"message":{"type":"subscribe","topic":"a:1"}}');
});

Deno.test("parseClientMessage() leaves objects' prototypes alone", () => {
  parseClientMessage('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
  assertEquals(Reflect.get({}, "polluted"), undefined);
});

Deno.test("parseClientMessage() keeps lone surrogates of an id for the answer", () => {
  const parsed = parseClientMessage('{"type":"x","id":"\\ud83d"}');
  assertEquals(parsed.ok || parsed.answer.id, "\ud83d");
});

function sinceOffset(json: string): string {
  return `{"type":"subscribe","topic":"a:1","id":"7","since":{"epoch":"e","offset":${json}}}`;
}
