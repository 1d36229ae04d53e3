/**
 * Frames that no client of good will sends.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** A frame, and the code and id of the error that must answer it. */
export interface Malformed {
  /** What it is, to find it by if it is answered otherwise. */
  readonly kind: string;
  /** The frame. */
  readonly frame: string | Uint8Array<ArrayBuffer>;
  /** The error's code. */
  readonly code: "protocol-violation" | "bad-topic";
  /** The error's id. */
  readonly id?: string;
}

/** Wrong in place of a text. */
const NO_TEXT: readonly unknown[] = [null, 0, 1.5, true, [], ["event:1"], {}, { toString: 1 }];

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

/** Texts that are JSON for no parser. */
const NO_JSON: readonly string[] = [
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

/** Values of which every other than a string fails as an offset. */
const NO_OFFSET: readonly string[] = ["-1", "1.5", "1e999", "-0.1", '"1"', "null", "[]", "1e300"];

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
  "a good message in a binary frame": () =>
    violation(new TextEncoder().encode('{"type":"subscribe","topic":"event:1","id":"1"}')),
  "broken JSON": (random) => violation(random.of(NO_JSON)),
  "nested arrays": nested("[", "]"),
  "nested objects": nested('{"type":', "}"),
  "a huge number": (random) =>
    violation(random.of(["1e999", "-1e999", "9".repeat(5_000), `0.${"1".repeat(5_000)}`])),
  "no object": (random) =>
    json(random.of([null, true, 0, "subscribe", "event:1", [], [{ type: "subscribe" }]])),
  "an array of good messages": () => json([{ type: "subscribe", topic: "event:1", id: "1" }]),
  "a lone surrogate": (random) => ({
    frame: `{"type":"subscribe","topic":"event:\\u${random.of(["d800", "dfff", "dc00\\ud800"])}"}`,
    code: "bad-topic",
  }),
  "a lone surrogate for a type": () => violation('{"type":"\\ud800","topic":"event:1"}'),
  "everything in __proto__": () =>
    violation('{"__proto__":{"type":"subscribe","topic":"event:1","id":"1"}}'),
  "the topic in __proto__": () =>
    violation('{"type":"subscribe","id":"1","__proto__":{"topic":"event:1"}}', "1"),
  "a member of every object as type": (random) =>
    json({
      type: random.of(["__proto__", "constructor", "toString", "hasOwnProperty"]),
      topic: "event:1",
    }),
  "no topic": (random) => json({ type: random.of(["subscribe", "unsubscribe"]), id: "1" }, "1"),
  "a topic that is no text": (random) =>
    json({ type: "subscribe", topic: random.of(NO_TEXT), id: "1" }, "1"),
  "an id that is no text": (random) =>
    json({ type: "subscribe", topic: "event:1", id: random.of(NO_TEXT) }),
  "an id that is too long": (random) =>
    json({ type: "subscribe", topic: "event:1", id: "i".repeat(65 + random.below(100)) }),
  "a type that is nearly one": (random) =>
    json({
      type: random.of(["Subscribe", "subscribe ", "sub", "message", "welcome", "", null, 1, []]),
      topic: "event:1",
      id: "1",
    }, "1"),
  "a since that is none": (random) =>
    json({
      type: "subscribe",
      topic: "event:1",
      id: "1",
      since: random.of([...NO_TEXT, "1", { epoch: "e" }, { offset: 1 }, { epoch: 1, offset: 1 }]),
    }, "1"),
  "an offset that is none": (random) =>
    violation(
      `{"type":"subscribe","topic":"event:1","id":"1","since":{"epoch":"e","offset":${
        random.of(NO_OFFSET)
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

/** Returns so many malformed frames, of all kinds in turn. */
export function malformedFrames(random: Random, count: number): Malformed[] {
  const kinds = Object.entries(makers);
  return Array.from({ length: count }, (_, index) => {
    const [kind, make] = kinds[index % kinds.length] as [string, Maker];
    return { kind, ...make(random) };
  });
}
