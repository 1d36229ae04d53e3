/**
 * Tests of frames: what a subscriber gets next, wherever its cursor is.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Wire } from "../../live/domain/wire.ts";
import { TopicHistory } from "../../live/history/topic_history.ts";
import { type Frame, type FrameTarget, joinFrames, makeFrame } from "../../live/hub/frame.ts";
import { createClient } from "../support/fake_client.ts";

/** Writes messages as `key=payload@offset`, and `+n` for what was skipped before one. */
const shortWire: Wire = {
  answer: (message) => {
    if (message.type !== "subscribed") return message.type;
    const { topic, offset, recovered, messages } = message;
    const parts = messages.map((publication) => shortWire.publication(message, publication, 0));
    return `subscribed ${topic} ${offset} ${recovered} [${shortWire.frame(parts)}]`;
  },
  publication: (_log, { offset, key = "", json = "removed" }, skipped) =>
    `${key}=${json.slice(0, 8)}@${offset}${skipped === 0 ? "" : `+${skipped}`}`,
  frame: (parts) => parts.join(" "),
};

/** Half a frame and more. */
const LARGE = "x".repeat(40_000);

/** Creates a log of some size; each publication is `key=payload`, or `key` for a removal. */
function logOf(size: number, ...publications: string[]): TopicHistory {
  const log = new TopicHistory("a:1", { epoch: "e", size, ttlMs: 60_000, budget: { used: 0 } });
  for (const text of publications) {
    const [key = "", json] = text.split("=");
    log.append({ key: key === "" ? undefined : key, json });
  }
  return log;
}

function at(log: TopicHistory, offset: number, options: Partial<FrameTarget> = {}): FrameTarget {
  const topic = { name: log.topic, log, subscriptions: new Map(), lagging: new Set<never>() };
  const { connection: subscriber } = createClient({ wire: shortWire });
  return { subscriber, topic, epoch: "e", offset, snapshotUpTo: 0, ...options };
}

const PUBLICATIONS = ["a=1", "b=2", "a=3", "=4", "c=5", "=6"];

interface Row {
  readonly name: string;
  readonly size?: number;
  readonly publications?: readonly string[];
  readonly offset?: number;
  readonly conflate?: boolean;
  readonly text?: string;
  readonly skipped?: number;
  readonly isStart?: boolean;
}

const rows: Row[] = [
  { name: "at the head", offset: 6 },
  { name: "behind the head", offset: 4, text: "c=5@5 =6@6" },
  { name: "before the log", size: 2, text: "b=2@2+1 a=3@3 c=5@5+1 =6@6", skipped: 2 },
  { name: "before a log that holds nothing", size: 0, publications: ["=1", "=2"] },
  {
    name: "before a removal that was dropped",
    size: 2,
    publications: ["a=1", "b=2", "a", "=4", "=5"],
    text: "subscribed a:1 5 false [b=2@2]",
    isStart: true,
  },
  {
    name: "that is too slow",
    offset: 1,
    conflate: true,
    text: "b=2@2 a=3@3 c=5@5+1 =6@6",
    skipped: 1,
  },
  {
    name: "that is too slow, before a removal",
    publications: ["a=1", "b=2", "b=3", "a"],
    offset: 1,
    conflate: true,
    text: "b=3@3+1 a=removed@4",
    skipped: 1,
  },
  {
    name: "that is too slow, before a removal that was dropped",
    size: 1,
    publications: ["a=1", "a", "b=3"],
    offset: 1,
    conflate: true,
    text: "subscribed a:1 3 false [b=3@3]",
    isStart: true,
  },
];

for (
  const { name, offset = 0, conflate = false, text, skipped = 0, isStart = false, ...row } of rows
) {
  Deno.test(`makeFrame() for a subscriber ${name}`, () => {
    const log = logOf(row.size ?? 100, ...row.publications ?? PUBLICATIONS);
    const frame = makeFrame(at(log, offset), { conflate });
    assertEquals(frame?.text, text);
    if (frame === undefined) return;
    assertEquals([frame.upTo, frame.skipped, frame.isStart], [log.head, skipped, isStart]);
    assertEquals(frame.isConflated, conflate && !isStart);
  });
}

for (
  const [name, size, text, upTo] of [
    ["its first publication, if that is held", 10, "subscribed a:1 0 false []", 0],
    [
      "its snapshot, if its first publication is gone",
      1,
      "subscribed a:1 6 false [b=2@2 a=3@3 c=5@5]",
      6,
    ],
  ] as const
) {
  Deno.test(`makeFrame() starts a log's new life with ${name}`, () => {
    const target = at(logOf(size, ...PUBLICATIONS), 100, { epoch: "former", snapshotUpTo: 200 });
    const frame = makeFrame(target, { conflate: true });
    assertEquals([frame?.text, frame?.upTo, frame?.snapshotUpTo], [text, upTo, 0]);
  });
}

/** Reads everything that is due, frame by frame. */
function readAll(target: FrameTarget): Frame[] {
  const frame = makeFrame(target);
  if (frame === undefined) return [];
  const { upTo: offset, snapshotUpTo } = frame;
  return [frame, ...readAll({ ...target, offset, snapshotUpTo })];
}

Deno.test("makeFrame() reads the rest of a snapshot, and then the log", () => {
  const log = logOf(100, "a=1", ...["b", "c", "d"].map((key) => `${key}=${LARGE}`), "=5", "e=6");
  const target = at(log, 1, { snapshotUpTo: 6 });
  log.append({ key: "d", json: undefined });
  log.append({ key: "f", json: "8" });
  assertEquals(readAll(target).map(({ text, snapshotUpTo }) => [text, snapshotUpTo]), [
    ["b=xxxxxxxx@2", 6],
    ["c=xxxxxxxx@3 e=6@6", 0],
    ["d=removed@7 f=8@8", 0],
  ]);
});

Deno.test("makeFrame() reads the log once nothing is left of the snapshot", () => {
  const log = logOf(100, "a=1", "b=2", "=3");
  log.append({ key: "b", json: "4" });
  const [frame, ...more] = readAll(at(log, 1, { snapshotUpTo: 3 }));
  assertEquals([frame?.text, frame?.snapshotUpTo, more], ["b=4@4", 0, []]);
});

Deno.test("makeFrame() gives a slow consumer the rest of its snapshot before the newest state", () => {
  const log = logOf(2, "a=1", "b=2", "c=3", "b", "a=5", "a=6", "d=7", "d");
  const target = at(log, 1, { snapshotUpTo: 5 });
  const rest = makeFrame(target, { conflate: true });
  assertEquals([rest?.text, rest?.upTo, rest?.snapshotUpTo], ["c=3@3", 3, 5]);
  const newest = makeFrame({ ...target, offset: 3 }, { conflate: true });
  assertEquals([newest?.text, newest?.skipped], ["a=6@6 d=removed@8+1", 1]); // b was never sent
});

Deno.test("makeFrame() cuts what is due to the size of a frame", () => {
  const log = logOf(1, `a=${LARGE}`, "b=2", `c=${LARGE}`, `d=${"y".repeat(100_000)}`, "a=5");
  const texts = ["b=2@2+1 c=xxxxxxxx@3", "d=yyyyyyyy@4", "a=5@5"];
  assertEquals(readAll(at(log, 0)).map(({ text }) => text), texts);
});

Deno.test("makeFrame() puts only those messages into a frame that the wire joins", () => {
  const joins: Wire["joins"] = ({ offset }) => offset !== 6;
  const { connection: subscriber } = createClient({ wire: { ...shortWire, joins } });
  const frames = readAll(at(logOf(100, ...PUBLICATIONS), 3, { subscriber }));
  assertEquals(frames.map(({ text }) => text), ["=4@4 c=5@5", "=6@6"]);
});

Deno.test("joinFrames() joins the messages of all frames", () => {
  const frames = [logOf(9, "a=1"), logOf(9, "b=1", "c=2")].flatMap((log) => readAll(at(log, 0)));
  assertEquals(joinFrames(frames, shortWire), "a=1@1 b=1@1 c=2@2");
});
