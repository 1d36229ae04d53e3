/**
 * Tests of the positions of a stream of events.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { StreamPosition } from "../../live/http/sse_position.ts";

const [ONE, TWO] = ["event:1", "event:2"] as const;
const B2 = { epoch: "b", offset: 2 };

for (
  const [name, id, since] of [
    ["nothing", null, [undefined, undefined]],
    ["an empty id", "", [undefined, undefined]],
    ["both", "a:1,b:22", [{ epoch: "a", offset: 1 }, { epoch: "b", offset: 22 }]],
    ["the first", "a:1,", [{ epoch: "a", offset: 1 }, undefined]],
    ["the second", ",b:2", [undefined, B2]],
    ["an offset of 0", "a:0,", [{ epoch: "a", offset: 0 }, undefined]],
    ["an epoch with a colon", "a:b:1,", [{ epoch: "a:b", offset: 1 }, undefined]],
    ["an empty epoch", ":1,b:2", [undefined, B2]],
    ["no offset", "a:,b:2", [undefined, B2]],
    ["no colon", "a1,b:2", [undefined, B2]],
    ["a negative offset", "a:-1,b:2", [undefined, B2]],
    ["a fraction", "a:1.5,b:2", [undefined, B2]],
    ["a hexadecimal offset", "a:0x1,b:2", [undefined, B2]],
    ["a space", "a:1 ,b:2", [undefined, B2]],
    ["the largest safe integer", "a:9007199254740991,", [
      { epoch: "a", offset: Number.MAX_SAFE_INTEGER },
      undefined,
    ]],
    ["an unsafe integer", "a:9007199254740993,b:2", [undefined, B2]],
    ["too few topics", "a:1", [undefined, undefined]],
    ["too many topics", "a:1,b:2,c:3", [undefined, undefined]],
  ] as const
) {
  Deno.test(`StreamPosition.since() reads a Last-Event-ID with ${name}`, () => {
    const position = new StreamPosition([ONE, TWO], id);

    assertEquals([position.since(ONE), position.since(TWO)], [...since]);
  });
}

Deno.test("StreamPosition.advance() moves one topic at a time, also to another epoch", () => {
  const position = new StreamPosition([ONE, TWO], null);

  assertEquals([
    position.advance({ topic: TWO, epoch: "b" }, 7),
    position.advance({ topic: ONE, epoch: "a" }, 0),
    position.advance({ topic: TWO, epoch: "b" }, 8),
    position.advance({ topic: ONE, epoch: "z" }, 2),
  ], [undefined, "a:0,b:7", "a:0,b:8", "z:2,b:8"]);
  assertEquals(position.since(ONE), { epoch: "z", offset: 2 });
});

Deno.test("StreamPosition.advance() returns an id once each topic has an answer, also a refusal", () => {
  const position = new StreamPosition([ONE, TWO], "a:1,b:2");

  assertEquals(position.advance({ topic: TWO, epoch: "b" }, 5), undefined);
  assertEquals(position.answered({ topic: ONE }), ONE);
  assertEquals(position.advance({ topic: TWO, epoch: "b" }, 6), "a:1,b:6");
});

Deno.test("StreamPosition.advance() moves a view by the topic that its answer named", () => {
  const position = new StreamPosition(["0", ONE, "1"], null);

  position.advance({ topic: "view:x", epoch: "x", id: "0" }, 1);
  position.advance({ topic: ONE, epoch: "a" }, 2);
  assertEquals(position.advance({ topic: "view:y", epoch: "y", id: "1" }, 3), "x:1,a:2,y:3");
  assertEquals(position.advance({ topic: "view:x", epoch: "x" }, 4), "x:4,a:2,y:3");
  assertEquals(position.advance({ topic: "view:z", epoch: "z", id: "0" }, 0), "z:0,a:2,y:3");
  assertEquals([position.since("0"), position.since("1")], [
    { epoch: "z", offset: 0 },
    { epoch: "y", offset: 3 },
  ]);
});

Deno.test("StreamPosition reads back the ids that it returns", () => {
  const first = new StreamPosition([ONE, TWO], null);
  first.advance({ topic: ONE, epoch: "0f3c-11" }, 3);

  const second = new StreamPosition(
    [ONE, TWO],
    first.advance({ topic: TWO, epoch: "1700000000000-0" }, 9) ?? null,
  );

  assertEquals([ONE, TWO].map((topic) => second.since(topic)), [
    { epoch: "0f3c-11", offset: 3 },
    { epoch: "1700000000000-0", offset: 9 },
  ]);
});
