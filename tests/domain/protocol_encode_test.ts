/**
 * What the server writes into frames: exact JSON.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ServerMessage } from "../../live/domain/messages.ts";
import { encodeFrame, encodePublication, encodeServerMessage } from "../../live/domain/protocol.ts";

const user = { id: "u", email: "a@b.c", role: null, first_name: "Ada", last_name: null };
const published = '{"type":"message","topic":"a:1","offset":2,"data":{}}';

const messages: Record<string, [message: ServerMessage, json: string]> = {
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
      offset: 2,
      recovered: true,
      messages: [published, published],
    },
    '{"type":"subscribed","topic":"a:1","id":"1","epoch":"e","offset":2,"recovered":true,' +
    `"messages":[${published},${published}]}`,
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
    { type: "unsubscribed", topic: "a:1", id: "2" },
    '{"type":"unsubscribed","topic":"a:1","id":"2"}',
  ],
  "an unsubscribed with a reason": [
    { type: "unsubscribed", topic: "a:1", reason: "forbidden" },
    '{"type":"unsubscribed","topic":"a:1","reason":"forbidden"}',
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

for (const [name, [message, json]] of Object.entries(messages)) {
  Deno.test(`encodeServerMessage() writes ${name}`, () => {
    assertEquals(encodeServerMessage(message), json);
    JSON.parse(json);
  });
}

for (
  const [name, args, json] of [
    [
      "without key",
      ["event:42", 20, '{"x":1}'],
      '{"type":"message","topic":"event:42","offset":20,"data":{"x":1}}',
    ],
    [
      "with key",
      ["event:42", 20, "null", "car-7"],
      '{"type":"message","topic":"event:42","offset":20,"key":"car-7","data":null}',
    ],
    [
      "with an empty key",
      ["event:42", 1, '""', ""],
      '{"type":"message","topic":"event:42","offset":1,"key":"","data":""}',
    ],
    [
      "with texts to escape",
      ['e:"\\', 1, "[]", '"\n\ud83d'],
      '{"type":"message","topic":"e:\\"\\\\","offset":1,"key":"\\"\\n\\ud83d","data":[]}',
    ],
    [
      "with the greatest offset",
      ["e:1", Number.MAX_SAFE_INTEGER, "0"],
      '{"type":"message","topic":"e:1","offset":9007199254740991,"data":0}',
    ],
  ] as const
) {
  Deno.test(`encodePublication() writes a message ${name}`, () => {
    const [topic, offset, data, key] = args;
    assertEquals(encodePublication(topic, offset, data, key), json);
    JSON.parse(json);
  });
}

for (
  const [count, messages, frame] of [
    [1, ["{}"], "{}"],
    [2, ['{"a":1}', '{"a":2}'], '[{"a":1},{"a":2}]'],
    [3, ["1", "2", "3"], "[1,2,3]"],
  ] as const
) {
  Deno.test(`encodeFrame() joins ${count} of ${count} messages`, () => {
    assertEquals(encodeFrame(messages), frame);
  });
}
