/**
 * Tests of the JSON wire: exact text.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { LoggedPublication } from "../../live/domain/broker.ts";
import type { ServerMessage } from "../../live/domain/messages.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";

const user = { id: "u", email: "a@b.c", role: null, first_name: "Ada", last_name: null };

function logged(
  offset: number,
  key: string | undefined,
  json: string | undefined,
): LoggedPublication {
  return { offset, key, json, at: 0 };
}

const answers: Record<string, [message: ServerMessage, json: string]> = {
  "a welcome": [
    { type: "welcome", connection: "c-1", user, instance: "i" },
    '{"type":"welcome","connection":"c-1","user":{"id":"u","email":"a@b.c","role":null,' +
    '"first_name":"Ada","last_name":null},"instance":"i"}',
  ],
  "a welcome without user": [
    { type: "welcome", connection: "c-1", user: null, instance: "i" },
    '{"type":"welcome","connection":"c-1","user":null,"instance":"i"}',
  ],
  "a subscribed": [
    {
      type: "subscribed",
      topic: "a:1",
      id: "1",
      epoch: "e",
      offset: 3,
      recovered: true,
      messages: [logged(2, undefined, "1e400"), logged(3, "k", undefined)],
    },
    '{"type":"subscribed","topic":"a:1","id":"1","epoch":"e","offset":3,"recovered":true,' +
    '"messages":[{"type":"message","topic":"a:1","offset":2,"data":1e400},' +
    '{"type":"message","topic":"a:1","offset":3,"key":"k","removed":true}]}',
  ],
  "a subscribed without id and messages": [
    {
      type: "subscribed",
      topic: "a:1",
      id: undefined,
      epoch: "e",
      offset: 0,
      recovered: false,
      messages: [],
    },
    '{"type":"subscribed","topic":"a:1","epoch":"e","offset":0,"recovered":false,"messages":[]}',
  ],
  "an unsubscribed": [
    { type: "unsubscribed", topic: "a:1", id: "2", reason: "forbidden" },
    '{"type":"unsubscribed","topic":"a:1","id":"2","reason":"forbidden"}',
  ],
  "an error": [
    {
      type: "error",
      code: "unavailable",
      message: "m",
      id: "3",
      topic: "a:1",
      retryAfterMs: 2_000,
    },
    '{"type":"error","code":"unavailable","message":"m","id":"3","topic":"a:1",' +
    '"retryAfterMs":2000}',
  ],
  "an error without id and topic": [
    { type: "error", code: "protocol-violation", message: "m", id: undefined, topic: undefined },
    '{"type":"error","code":"protocol-violation","message":"m"}',
  ],
  "texts with quotes, line breaks and lone surrogates": [
    { type: "unsubscribed", topic: 'a:"\n', id: "\ud83d\u2028" },
    '{"type":"unsubscribed","topic":"a:\\"\\n","id":"\\ud83d\u2028"}',
  ],
};

for (const [name, [message, json]] of Object.entries(answers)) {
  Deno.test(`jsonWire.answer() writes ${name}`, () => {
    assertEquals(jsonWire.answer(message), json);
    JSON.parse(json);
  });
}

for (
  const [name, publication, skipped, json] of [
    ["without key", logged(20, undefined, '{"x":1}'), 0, '"offset":20,"data":{"x":1}'],
    ["with key", logged(20, "car-7", "null"), 0, '"offset":20,"key":"car-7","data":null'],
    ["with an empty key", logged(1, "", '""'), 0, '"offset":1,"key":"","data":""'],
    [
      "with a key to escape",
      logged(1, '"\n\ud83d', "1"),
      0,
      '"offset":1,"key":"\\"\\n\\ud83d","data":1',
    ],
    [
      "that is a removal",
      logged(21, "car-7", undefined),
      0,
      '"offset":21,"key":"car-7","removed":true',
    ],
    ["after a gap", logged(20, undefined, "1"), 3, '"offset":20,"data":1,"skipped":3'],
    [
      "with the greatest offset",
      logged(2 ** 53 - 1, undefined, "0"),
      0,
      '"offset":9007199254740991,"data":0',
    ],
  ] as const
) {
  Deno.test(`jsonWire.publication() writes a message ${name}`, () => {
    const text = jsonWire.publication({ topic: 'a:"', epoch: "e" }, publication, skipped);
    assertEquals(text, `{"type":"message","topic":"a:\\"",${json}}`);
    JSON.parse(text);
  });
}

for (
  const [parts, frame] of [
    [['{"a":1}'], '{"a":1}'],
    [['{"a":1}', '{"a":2}'], '[{"a":1},{"a":2}]'],
  ] as const
) {
  Deno.test(`jsonWire.frame() joins ${parts.length} to ${frame}`, () => {
    assertEquals(jsonWire.frame(parts), frame);
  });
}
