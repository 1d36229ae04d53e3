/**
 * Tests of publications: what publishers may send, and that none can be forged.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  MAX_KEY_LENGTH,
  Publication,
  type PublicationInput,
} from "../../live/domain/publication.ts";

const topic = "event:42";

for (
  const [name, input, key, json] of [
    ["data of any kind", { topic, data: null }, undefined, "null"],
    ["nested data", { topic, data: { a: ["é", 1] } }, undefined, '{"a":["é",1]}'],
    ["a key", { topic, data: 1, key: "k" }, "k", "1"],
    ["an empty key", { topic, data: 1, key: "" }, "", "1"],
    ["the longest key", { topic, data: 1, key: "k".repeat(MAX_KEY_LENGTH) }, "k".repeat(256), "1"],
    ["a removal", { topic, key: "k", removed: true }, "k", undefined],
    ["no removal", { topic, key: "k", data: 1, removed: false }, "k", "1"],
    ["JSON text", { topic, json: '"a b"' }, undefined, '"a b"'],
    [
      "pretty-printed JSON text",
      { topic, json: '{\r\n\t"a b" : [ 1,\n"\\\\" ] }\n' },
      undefined,
      [
        '{"a b":[1,"\\\\"]}',
      ].join(),
    ],
    [
      "digits that a number cannot hold",
      { topic, json: "[9007199254740993, 1e400, 0.10]" },
      undefined,
      "[9007199254740993,1e400,0.10]",
    ],
  ] satisfies [string, PublicationInput, string | undefined, string | undefined][]
) {
  Deno.test(`Publication.from() takes ${name}`, () => {
    const publication = Publication.from(input);
    assertEquals({ ...publication }, { topic, key, json, id: undefined });
    assert(Publication.isPublication(publication));
    assert(Publication.from(publication) === publication);
  });
}

const BAD_TOPIC = "topic: must be <prefix>:<id>, its id the key of one item";
const cycle: unknown[] = [];
cycle.push(cycle);
/** Returns a valid text the first time, and a different one after that. */
const turncoat = { count: 0, toString: () => turncoat.count++ === 0 ? "1" : '1},{"type":"x"' };

for (
  const [name, value, fault] of [
    ["nothing", undefined, "Invalid input: expected object, received undefined"],
    ["a list", [], "Invalid input: expected object, received array"],
    ["no topic", { data: 1 }, "topic: Invalid input: expected string, received undefined"],
    ["a topic without id", { topic: "event", data: 1 }, BAD_TOPIC],
    ["a topic that leaves its collection", { topic: "event:..", data: 1 }, BAD_TOPIC],
    [
      "a numeric key",
      { topic, data: 1, key: 1 },
      "key: Invalid input: expected string, received number",
    ],
    [
      "a key that is too long",
      { topic, data: 1, key: "k".repeat(MAX_KEY_LENGTH + 1) },
      "key: Too big: expected string to have <=256 characters",
    ],
    [
      "an empty id",
      { topic, data: 1, id: "" },
      "id: Too small: expected string to have >=1 characters",
    ],
    [
      "a numeric id",
      { topic, data: 1, id: 7 },
      "id: Invalid input: expected string, received number",
    ],
    ["no data", { topic }, "data: missing"],
    ["data that JSON cannot hold", { topic, data: () => {} }, "data: missing"],
    ["cyclic data", { topic, data: cycle }, "data: cannot be written as JSON"],
    ["a BigInt", { topic, data: 1n }, "data: cannot be written as JSON"],
    [
      "a removal without a key",
      { topic, removed: true },
      "key: missing; a removal must name the key",
    ],
    [
      "a removal with data",
      { topic, key: "k", removed: true, data: 1 },
      "data: must be absent if removed is true",
    ],
    [
      "a removal with JSON text",
      { topic, key: "k", removed: true, json: "1" },
      "data: must be absent if removed is true",
    ],
    ["data and JSON text", { topic, data: 1, json: "1" }, "data: must be absent if json is given"],
    ["text that is not JSON", { topic, json: "not json" }, "data: not JSON"],
    [
      "text that forges a second message",
      { topic, json: '1},{"type":"unsubscribed"' },
      "data: not JSON",
    ],
    [
      "text that forges an event of a stream",
      { topic, json: '"\n\nevent: close"' },
      "data: not JSON",
    ],
    ["empty text", { topic, json: "" }, "data: not JSON"],
    ["a number as JSON text", { topic, json: 1 }, "data: not JSON"],
    ["an object that turns into text", { topic, json: turncoat }, "data: not JSON"],
  ] as const
) {
  Deno.test(`Publication.from() refuses ${name}`, () => {
    const build = () => Publication.from(value as unknown as PublicationInput);
    assertThrows(build, TypeError, `Cannot build a publication: ${fault}`);
  });
}

Deno.test("Publication.read() returns a publication, or what is wrong with it", () => {
  assertEquals({ ...Publication.read({ topic, data: 1, offset: 7 }) as Publication }, {
    topic,
    key: undefined,
    json: "1",
    id: undefined,
  });
  assertEquals(Publication.read({ topic }), "data: missing");
});

Deno.test("Publication.read() takes JSON text only from the caller, not from the publisher", () => {
  const { json } = Publication.read({ topic }, "[ 1 ]") as Publication;
  assertEquals(json, "[1]");
  assertEquals(Publication.read({ topic, json: "1" }), "data: missing");
});

Deno.test("Publication.from() compacts JSON text of any length", () => {
  const long = `"${" \\n\\\\".repeat(2_000_000)}"`;
  assertEquals(Publication.from({ topic, json: `[ ${long} ]` }).json?.length, long.length + 2);
});

Deno.test("Publication.isPublication() is false for an object that only looks like a publication", () => {
  const publication = Publication.from({ topic, data: 1 });
  const forged = '1},{"type":"unsubscribed"';
  const lookalikes = [
    undefined,
    null,
    forged,
    { topic, key: undefined, json: forged },
    { ...publication, json: forged },
    Object.create(publication, { json: { value: forged } }),
    new Proxy(publication, { get: () => forged }),
    Reflect.construct(Publication, [topic, undefined, forged]),
  ];
  assertEquals(lookalikes.filter((value) => Publication.isPublication(value)), []);
});

Deno.test("Publication cannot be changed", () => {
  const publication = Publication.from({ topic, data: 1 });
  assertThrows(() => Object.assign(publication, { json: "2" }), TypeError);
  assertThrows(() => Object.defineProperty(publication, "json", { value: "2" }), TypeError);
  assertEquals(publication.json, "1");
});
