/**
 * Tests of the wire for server-sent events: exact text.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import type { LoggedPublication } from "../../live/domain/broker.ts";
import { createSseWire, renderEvent, sseWire } from "../../live/wire/sse_wire.ts";

const log = { topic: "a:1", epoch: "e" };
const publication: LoggedPublication = { offset: 7, key: "k", json: "1", at: 0 };
const message = '{"type":"message","topic":"a:1","offset":7,"key":"k","data":1}';

for (
  const [name, event, text] of [
    ["data", { data: "1" }, "data: 1\n\n"],
    ["an id", { data: "1", id: "e:7" }, "data: 1\nid: e:7\n\n"],
    [
      "everything",
      { event: "close", data: "1", id: "", retryMs: 5 },
      "event: close\ndata: 1\nid: \nretry: 5\n\n",
    ],
  ] as const
) {
  Deno.test(`renderEvent() writes an event with ${name}`, () => {
    assertEquals(renderEvent(event), text);
  });
}

Deno.test("sseWire writes a message with the position after it as id", () => {
  assertEquals(sseWire.publication(log, publication, 0), `data: ${message}\nid: e:7\n\n`);
});

Deno.test("sseWire writes a subscribed with the position after it as id, other answers without", () => {
  const start = { ...log, offset: 7, recovered: false, messages: [publication] };
  assertEquals(
    sseWire.answer({ type: "subscribed", ...start }),
    'data: {"type":"subscribed","topic":"a:1","epoch":"e","offset":7,"recovered":false,' +
      `"messages":[${message}]}\nid: e:7\n\n`,
  );
  const unsubscribed = 'data: {"type":"unsubscribed","topic":"a:1"}\n\n';
  assertEquals(sseWire.answer({ type: "unsubscribed", topic: "a:1" }), unsubscribed);
});

Deno.test("sseWire gives each client its own reconnect delay", () => {
  const welcome = { type: "welcome", connection: "c", user: null, instance: "i" } as const;
  assertMatch(sseWire.answer(welcome), /^data: \{"type":"welcome",.*\}\nretry: [1-5]\d{3}\n\n$/);
});

Deno.test("sseWire.frame() puts events one after the other", () => {
  assertEquals(sseWire.frame(["data: 1\n\n", "data: 2\n\n"]), "data: 1\n\ndata: 2\n\n");
});

Deno.test("createSseWire() asks for the id of each event in the order of rendering", () => {
  const asked: unknown[] = [];
  const wire = createSseWire(({ topic, epoch }, offset) => {
    asked.push([topic, epoch, offset]);
    return asked.length === 1 ? undefined : `${asked.length}`;
  });
  const texts = [7, 8].map((offset) => wire.publication(log, { ...publication, offset }, 0));
  assertEquals(asked, [["a:1", "e", 7], ["a:1", "e", 8]]);
  assertEquals(texts.map((text) => text.split("\n")[1]), ["", "id: 2"]);
});
