/**
 * Tests of the positions of a stream of events.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { StreamPosition } from "../../live/http/sse_position.ts";

const [ONE, TWO] = ["event:1", "event:2"] as const;

for (
  const { name, id, since } of [
    { name: "nothing", id: null, since: [undefined, undefined] },
    { name: "an empty id", id: "", since: [undefined, undefined] },
    {
      name: "both",
      id: "a:1,b:22",
      since: [{ epoch: "a", offset: 1 }, { epoch: "b", offset: 22 }],
    },
    { name: "the first", id: "a:1,", since: [{ epoch: "a", offset: 1 }, undefined] },
    { name: "the second", id: ",b:2", since: [undefined, { epoch: "b", offset: 2 }] },
    { name: "an offset of 0", id: "a:0,", since: [{ epoch: "a", offset: 0 }, undefined] },
    {
      name: "an epoch with a colon",
      id: "a:b:1,",
      since: [{ epoch: "a:b", offset: 1 }, undefined],
    },
    { name: "an empty epoch", id: ":1,b:2", since: [undefined, { epoch: "b", offset: 2 }] },
    { name: "no offset", id: "a:,b:2", since: [undefined, { epoch: "b", offset: 2 }] },
    { name: "no colon", id: "a1,b:2", since: [undefined, { epoch: "b", offset: 2 }] },
    { name: "a negative offset", id: "a:-1,b:2", since: [undefined, { epoch: "b", offset: 2 }] },
    { name: "a fraction", id: "a:1.5,b:2", since: [undefined, { epoch: "b", offset: 2 }] },
    {
      name: "an offset in hexadecimal",
      id: "a:0x1,b:2",
      since: [undefined, { epoch: "b", offset: 2 }],
    },
    { name: "a space", id: "a:1 ,b:2", since: [undefined, { epoch: "b", offset: 2 }] },
    {
      name: "the largest offset that is exact",
      id: "a:9007199254740991,",
      since: [{ epoch: "a", offset: 9_007_199_254_740_991 }, undefined],
    },
    {
      name: "an offset that is not exact",
      id: "a:9007199254740993,b:2",
      since: [undefined, { epoch: "b", offset: 2 }],
    },
    { name: "too few topics", id: "a:1", since: [undefined, undefined] },
    { name: "too many topics", id: "a:1,b:2,c:3", since: [undefined, undefined] },
  ]
) {
  Deno.test(`StreamPosition.since() reads a Last-Event-ID that tells ${name}`, () => {
    const position = new StreamPosition([ONE, TWO], id);

    assertEquals([position.since(ONE), position.since(TWO)], since);
  });
}

Deno.test("StreamPosition.since() knows nothing of a topic that is not the stream's", () => {
  assertEquals(new StreamPosition([ONE], "a:1").since(TWO), undefined);
});

Deno.test("StreamPosition.advance() moves with each subscription and each message", () => {
  const position = new StreamPosition([ONE, TWO], null);

  assertEquals([
    position.advance({ type: "subscribed", topic: TWO, epoch: "b", offset: 7 }),
    position.advance({ type: "subscribed", topic: ONE, epoch: "a", offset: 0 }),
    position.advance({ type: "message", topic: TWO, offset: 8 }),
    position.advance({ type: "message", topic: ONE, offset: 1 }),
  ], [",b:7", "a:0,b:7", "a:0,b:8", "a:1,b:8"]);
  assertEquals(position.since(ONE), { epoch: "a", offset: 1 });
});

Deno.test("StreamPosition.advance() keeps what was told of a topic that has not begun", () => {
  const position = new StreamPosition([ONE, TWO], "a:1,b:2");

  const id = position.advance({ type: "subscribed", topic: TWO, epoch: "b", offset: 5 });

  assertEquals(id, "a:1,b:5");
});

Deno.test("StreamPosition.advance() follows a topic into another epoch", () => {
  const position = new StreamPosition([ONE], "a:17");

  assertEquals([
    position.advance({ type: "subscribed", topic: ONE, epoch: "z", offset: 2 }),
    position.advance({ type: "message", topic: ONE, offset: 3 }),
  ], ["z:2", "z:3"]);
});

for (
  const message of [
    { type: "welcome" },
    { type: "error", topic: ONE },
    { type: "unsubscribed", topic: ONE },
    { type: "message", topic: TWO, offset: 4 },
    { type: "subscribed", topic: TWO, epoch: "b", offset: 4 },
    { type: "message", topic: ONE, offset: 4 },
  ]
) {
  Deno.test(`StreamPosition.advance() stays where it is with ${JSON.stringify(message)}`, () => {
    const position = new StreamPosition([ONE], null);

    assertEquals([position.advance(message), position.since(ONE)], [undefined, undefined]);
  });
}

Deno.test("StreamPosition reads back every id that it gives out", () => {
  const first = new StreamPosition([ONE, TWO], null);
  first.advance({ type: "subscribed", topic: ONE, epoch: "0f3c-11", offset: 3 });
  const id = first.advance({ type: "subscribed", topic: TWO, epoch: "1700000000000-0", offset: 9 });

  const second = new StreamPosition([ONE, TWO], id ?? null);

  assertEquals([ONE, TWO].map((topic) => second.since(topic)), [
    { epoch: "0f3c-11", offset: 3 },
    { epoch: "1700000000000-0", offset: 9 },
  ]);
});
