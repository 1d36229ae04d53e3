/**
 * Tests of messages as server-sent events.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { LoggedPublication } from "../../live/domain/broker.ts";
import type { ServerMessage } from "../../live/domain/messages.ts";
import { Publication, type PublicationInput } from "../../live/domain/publication.ts";
import { createSseWire, renderEvent, sseWire } from "../../live/wire/sse_wire.ts";

const log = { topic: "event:1", epoch: "a1" };

function logged(offset: number, input: Omit<PublicationInput, "topic">): LoggedPublication {
  const { key, json } = Publication.from({ topic: log.topic, ...input });
  return { offset, key, json, at: 0 };
}

for (
  const [name, publication, skipped, data] of [
    ["an event", logged(5, { data: { x: 1.5 } }), 0, `"data":{"x":1.5}`],
    ["a keyed message", logged(5, { key: "car-7", data: 1 }), 0, `"key":"car-7","data":1`],
    ["a removal", logged(5, { key: "car-7", removed: true }), 0, `"key":"car-7","removed":true`],
    ["a gap", logged(5, { data: null }), 3, `"data":null,"skipped":3`],
  ] as const
) {
  Deno.test(`sseWire.publication() renders ${name}, with its position as the id`, () => {
    assertEquals(
      sseWire.publication(log, publication, skipped),
      `data: {"type":"message","topic":"event:1","offset":5,${data}}\nid: a1:5\n\n`,
    );
  });
}

Deno.test("sseWire.answer() renders a start with its messages in one event", () => {
  const messages = [logged(3, { key: "k", data: 1 }), logged(4, { key: "j", removed: true })];

  assertEquals(
    sseWire.answer({ type: "subscribed", ...log, offset: 4, recovered: true, messages }),
    `data: {"type":"subscribed","topic":"event:1","epoch":"a1","offset":4,"recovered":true,` +
      `"messages":[{"type":"message","topic":"event:1","offset":3,"key":"k","data":1},` +
      `{"type":"message","topic":"event:1","offset":4,"key":"j","removed":true}]}\nid: a1:4\n\n`,
  );
});

for (
  const message of [
    { type: "unsubscribed", topic: "event:1", reason: "forbidden" },
    { type: "error", code: "limit", message: "no", topic: "event:1" },
  ] satisfies ServerMessage[]
) {
  Deno.test(`sseWire.answer() renders ${message.type} without an id`, () => {
    assertEquals(sseWire.answer(message), `data: ${JSON.stringify(message)}\n\n`);
  });
}

Deno.test("sseWire.answer() gives each client its own reconnect delay with the welcome", () => {
  const events = Array.from(
    { length: 20 },
    () => sseWire.answer({ type: "welcome", connection: "c", user: null, instance: "i" }),
  );

  for (const event of events) {
    assertMatch(event, /^data: \{"type":"welcome".*\}\nretry: [1-4]\d{3}\n\n$/);
  }
  assert(new Set(events).size > 1);
});

for (
  const [name, data] of [
    ["a line feed", "a\n\nevent: close\ndata: {}\n\n"],
    ["a carriage return", "a\r\revent: close\rdata: {}\r\r"],
    ["both", "a\r\n\r\nid: z:9\r\n\r\n"],
    ["a NUL", "\0id: z:9"],
    ["line separators of Unicode", "a\u2028\u2029\u0085b"],
  ] as const
) {
  Deno.test(`sseWire does not let ${name} in a message forge an event`, () => {
    const events = [
      sseWire.publication(log, logged(1, { key: data, data }), 0),
      sseWire.answer({ type: "error", code: "limit", message: data }),
    ];

    for (const event of events) {
      assertEquals(
        event.trimEnd().split(/\r\n|\r|\n/).filter((line) => !line.startsWith("data: ")),
        [
          ...event.includes("id: a1:1\n") ? ["id: a1:1"] : [],
        ],
      );
    }
  });
}

Deno.test("sseWire does not let JSON text with line breaks forge an event", () => {
  const publication = logged(1, { json: '{\n\n"event":\r"close"}' });

  assertEquals(
    sseWire.publication(log, publication, 0),
    'data: {"type":"message","topic":"event:1","offset":1,"data":{"event":"close"}}\nid: a1:1\n\n',
  );
});

Deno.test("sseWire.frame() joins events", () => {
  const parts = [1, 2].map((offset) => sseWire.publication(log, logged(offset, { data: 1 }), 0));

  assertEquals(sseWire.frame(parts), parts.join(""));
});

Deno.test("createSseWire() takes the ids of events from its function", () => {
  const wire = createSseWire(({ topic, epoch }, offset) => `${topic} ${epoch} ${offset}`);

  assertMatch(wire.publication(log, logged(7, { data: 1 }), 0), /\nid: event:1 a1 7\n\n$/);
});

Deno.test("renderEvent() writes the type, the data, the id and the reconnect delay", () => {
  assertEquals(
    renderEvent({ event: "close", data: "{}", id: "a1:1", retryMs: 1_000 }),
    "event: close\ndata: {}\nid: a1:1\nretry: 1000\n\n",
  );
});
