/**
 * Malformed frames and messages.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** A malformed frame, and the error that must answer it. */
export interface Malformed {
  /** Names it in failures. */
  readonly kind: string;
  /** The frame. */
  readonly frame: string | Uint8Array<ArrayBuffer>;
  /** The error's code. */
  readonly code: "protocol-violation" | "bad-topic";
  /** The error's id. */
  readonly id?: string;
}

/** Values that are not strings. */
const NOT_STRINGS: readonly unknown[] = [null, 0, 1.5, true, [], ["event:1"], {}, { toString: 1 }];

const BAD_TOPICS: readonly string[] = [
  "",
  ":",
  "event",
  "event:",
  "event:.",
  "event:..",
  "event:1/../2",
  "event:1?fields=*",
  "event:1#",
  "event:%2e",
  "event:\u0000",
  "event:1\n2",
  "event:\u009f",
  ":1",
  "1event:1",
  "evént:1",
  "../users:1",
  " event:1",
  "__proto__ :1",
  `event:${"1".repeat(251)}`,
];

/** Texts that are not JSON. */
const NOT_JSON: readonly string[] = [
  "",
  " ",
  "{",
  "}",
  '{"type":"subscribe","topic":"event:1"',
  '{"type":"subscribe","topic":"event:1"}}',
  '{"type":"subscribe","topic":"event:1",}',
  "{'type':'subscribe','topic':'event:1'}",
  '{type:"subscribe",topic:"event:1"}',
  '\ufeff{"type":"subscribe","topic":"event:1"}',
  '{"type":"subscribe","topic":"event:1"}\u0000',
  '{"type":"subscribe"}{"topic":"event:1"}',
  '{"type":"subscribe","topic":"event:\n1"}',
  '{"type":"subscribe","topic":"\\x"}',
  '{"type":"subscribe","topic":"\\ud8',
  "NaN",
  "undefined",
  "-",
  "01",
  "1e",
];

/** Values that are not offsets. */
const NOT_OFFSETS: readonly string[] = ["-1", "1.5", "1e999", "-0.1", '"1"', "null", "[]", "1e300"];

type Maker = (random: Random) => Omit<Malformed, "kind">;

const violation = (frame: Malformed["frame"], id?: string): Omit<Malformed, "kind"> => ({
  frame,
  code: "protocol-violation",
  ...(id === undefined ? {} : { id }),
});

const json = (value: unknown, id?: string) => violation(JSON.stringify(value), id);

const nested = (open: string, close: string): Maker => (random) => {
  const depth = 1 + random.below(6_500);
  const value = `${open.repeat(depth)}1${close.repeat(depth)}`;
  return random.next() < 0.5
    ? violation(value)
    : violation(`{"id":"deep","type":"subscribe","topic":${value}}`, "deep");
};

const makers: Record<string, Maker> = {
  "random text": (random) => violation(`x${random.text(random.below(200))}`),
  "random bytes": (random) => violation(random.bytes(random.below(500))),
  "a valid message in a binary frame": () =>
    violation(new TextEncoder().encode('{"type":"subscribe","topic":"event:1","id":"1"}')),
  "broken JSON": (random) => violation(random.of(NOT_JSON)),
  "nested arrays": nested("[", "]"),
  "nested objects": nested('{"type":', "}"),
  "a huge number": (random) =>
    violation(random.of(["1e999", "-1e999", "9".repeat(5_000), `0.${"1".repeat(5_000)}`])),
  "not an object": (random) =>
    json(random.of([null, true, 0, "subscribe", "event:1", [], [{ type: "subscribe" }]])),
  "an array of valid messages": () => json([{ type: "subscribe", topic: "event:1", id: "1" }]),
  "a lone surrogate": (random) => ({
    frame: `{"type":"subscribe","topic":"event:\\u${random.of(["d800", "dfff", "dc00\\ud800"])}"}`,
    code: "bad-topic",
  }),
  "a lone surrogate for a type": () => violation('{"type":"\\ud800","topic":"event:1"}'),
  "everything in __proto__": () =>
    violation('{"__proto__":{"type":"subscribe","topic":"event:1","id":"1"}}'),
  "the topic in __proto__": () =>
    violation('{"type":"subscribe","id":"1","__proto__":{"topic":"event:1"}}', "1"),
  "a property of every object as the type": (random) =>
    json({
      type: random.of(["__proto__", "constructor", "toString", "hasOwnProperty"]),
      topic: "event:1",
    }),
  "no topic": (random) => json({ type: random.of(["subscribe", "unsubscribe"]), id: "1" }, "1"),
  "a topic that is not a string": (random) =>
    json({ type: "subscribe", topic: random.of(NOT_STRINGS), id: "1" }, "1"),
  "an id that is not a string": (random) =>
    json({ type: "subscribe", topic: "event:1", id: random.of(NOT_STRINGS) }),
  "an id that is too long": (random) =>
    json({ type: "subscribe", topic: "event:1", id: "i".repeat(65 + random.below(100)) }),
  "a type that is almost valid": (random) =>
    json({
      type: random.of(["Subscribe", "subscribe ", "sub", "message", "welcome", "", null, 1, []]),
      topic: "event:1",
      id: "1",
    }, "1"),
  "a ping whose id is not a string": (random) => json({ type: "ping", id: random.of(NOT_STRINGS) }),
  "an invalid since": (random) =>
    json({
      type: "subscribe",
      topic: "event:1",
      id: "1",
      since: random.of([...NOT_STRINGS, "1", { epoch: "e" }, { offset: 1 }, {
        epoch: 1,
        offset: 1,
      }]),
    }, "1"),
  "an invalid offset": (random) =>
    violation(
      `{"type":"subscribe","topic":"event:1","id":"1","since":{"epoch":"e","offset":${
        random.of(NOT_OFFSETS)
      }}}`,
      "1",
    ),
  "a bad topic": (random) => ({
    frame: JSON.stringify({
      type: random.of(["subscribe", "unsubscribe"]),
      topic: random.of(BAD_TOPICS),
      id: "1",
      unknown: { nested: [random.next()] },
    }),
    code: "bad-topic",
    id: "1",
  }),
};

/** Returns malformed frames, of all kinds in turn. */
export function malformedFrames(random: Random, count: number): Malformed[] {
  const kinds = Object.entries(makers);
  return Array.from({ length: count }, (_, index) => {
    const [kind, make] = kinds[index % kinds.length] as [string, Maker];
    return { kind, ...make(random) };
  });
}
