/**
 * A topic's log: offsets, bounds, and the latest of each key.
 *
 * @module
 */

import { assertEquals, assertLess, assertMatch, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encodePublication } from "../../live/domain/protocol.ts";
import {
  type HistoryBudget,
  TopicHistory,
  type TopicHistoryOptions,
} from "../../live/history/topic_history.ts";

const TOPIC = "event:42";
const TTL_MS = 1_000;

/** A log that is not read, and so keeps no more than its bounds. */
function create(options: Partial<TopicHistoryOptions> = {}): {
  history: TopicHistory;
  budget: HistoryBudget;
} {
  const budget = options.budget ?? { used: 0 };
  const history = new TopicHistory(TOPIC, { size: 3, ttlMs: TTL_MS, budget, ...options });
  return { history, budget };
}

/** Appends so many publications without key. Each message is as long as every other. */
function fill(history: TopicHistory, count: number): void {
  for (let number = 0; number < count; number++) history.append("0");
}

/** The message with an offset, as {@linkcode fill} appends it. */
const message = (offset: number) => encodePublication(TOPIC, offset, "0");
const LENGTH = message(1).length;

Deno.test("TopicHistory.append() counts from 1", () => {
  const { history } = create();
  assertEquals(history.head, 0);
  assertEquals([history.append("1"), history.append("2", "k"), history.append("3")], [1, 2, 3]);
  assertEquals(history.head, 3);
});

Deno.test("TopicHistory.append() holds outbound messages", () => {
  const { history } = create();
  history.append('{"x":1}', "car-7");
  history.append("null");
  assertEquals(history.read(0, Infinity), [
    '{"type":"message","topic":"event:42","offset":1,"key":"car-7","data":{"x":1}}',
    '{"type":"message","topic":"event:42","offset":2,"data":null}',
  ]);
});

Deno.test("TopicHistory.epoch is another for each log, even of the same topic", () => {
  const { epoch } = create().history;
  assertMatch(epoch, /^[0-9a-f-]{13}$/);
  assertNotEquals(epoch, create().history.epoch);
});

for (
  const [name, offset, expected] of [
    ["before the first of all", -1, undefined],
    ["at what has been dropped", 0, undefined],
    ["one before the first held", 1, undefined],
    ["at the last dropped", 2, [3, 4, 5]],
    ["at the first held", 3, [4, 5]],
    ["one before the head", 4, [5]],
    ["at the head", 5, []],
    ["beyond the head", 6, undefined],
    ["far beyond the head", Number.MAX_SAFE_INTEGER, undefined],
  ] as const
) {
  Deno.test(`TopicHistory.read() ${name} returns ${JSON.stringify(expected)}`, () => {
    const { history } = create();
    fill(history, 5);
    assertEquals(history.read(offset, Infinity), expected?.map(message));
  });
}

for (const [offset, expected] of [[-1, undefined], [0, []], [1, undefined]] as const) {
  Deno.test(`TopicHistory.read() of an empty log at ${offset} returns ${expected}`, () => {
    assertEquals(create().history.read(offset, Infinity), expected && [...expected]);
  });
}

for (
  const [maxLength, count] of [
    [0, 1],
    [LENGTH - 1, 1],
    [LENGTH, 1],
    [2 * LENGTH - 1, 1],
    [2 * LENGTH, 2],
    [2 * LENGTH + 1, 2],
    [3 * LENGTH, 3],
    [Infinity, 3],
  ] as const
) {
  Deno.test(`TopicHistory.read() of at most ${maxLength} returns ${count} of ${LENGTH}`, () => {
    const { history } = create();
    fill(history, 3);
    assertEquals(history.read(0, maxLength), [1, 2, 3].slice(0, count).map(message));
  });
}

Deno.test("TopicHistory.lengthAfter() is the length of what follows", () => {
  const { history } = create();
  fill(history, 5);
  assertEquals([2, 3, 4, 5].map((offset) => history.lengthAfter(offset) / LENGTH), [3, 2, 1, 0]);
});

for (const count of [5, 300, 1_000]) {
  Deno.test(`TopicHistory.lengthAfter() takes what has left of ${count} messages for average`, () => {
    const { history, budget } = create();
    fill(history, count);
    const held = history.read(count - 3, Infinity)?.join("").length ?? 0;
    const all = Array.from({ length: count }, (_, index) => message(index + 1)).join("").length;
    assertEquals(budget.used, held);
    assertEquals(history.lengthAfter(count - 3), held);
    assertEquals(history.lengthAfter(0), Math.round(held + (count - 3) * all / count));
    history.clear();
    assertEquals(history.lengthAfter(0), all);
    assertEquals(history.lengthAfter(count), 0);
  });
}

Deno.test("TopicHistory with size 0 holds nothing but the latest of each key", () => {
  const { history, budget } = create({ size: 0 });
  fill(history, 2);
  assertEquals(history.head, 2);
  assertEquals([history.read(1, Infinity), history.read(2, Infinity)], [undefined, []]);
  assertEquals(budget.used, 0);
  history.append("1", "k");
  assertEquals(history.latest(), [encodePublication(TOPIC, 3, "1", "k")]);
});

Deno.test("TopicHistory keeps a message until its time to live is over", () => {
  using time = new FakeTime(0);
  const { history, budget } = create();
  fill(history, 1);
  time.tick(TTL_MS - 1);
  history.prune();
  assertEquals(history.read(0, Infinity), [message(1)]);
  time.tick(1);
  history.prune();
  assertEquals([history.read(0, Infinity), history.read(1, Infinity)], [undefined, []]);
  assertEquals(budget.used, 0);
});

Deno.test("TopicHistory.append() drops what is past its time to live", () => {
  using time = new FakeTime(0);
  const { history } = create();
  fill(history, 2);
  time.tick(TTL_MS);
  fill(history, 1);
  assertEquals([history.read(1, Infinity), history.read(2, Infinity)], [undefined, [message(3)]]);
});

Deno.test("TopicHistory.latest() drops what is past its time to live", () => {
  using time = new FakeTime(0);
  const { history, budget } = create();
  history.append("1", "a");
  time.tick(TTL_MS - 1);
  history.append("2", "b");
  time.tick(1);
  assertEquals(history.latest(), [encodePublication(TOPIC, 2, "2", "b")]);
  assertEquals(budget.used, encodePublication(TOPIC, 2, "2", "b").length);
});

Deno.test("TopicHistory.latest() holds one message of each key, oldest first", () => {
  const { history } = create();
  for (const [data, key] of [["1", "a"], ["2", "b"], ["3", "a"], ["4"], ["5", "c"]] as const) {
    history.append(data, key);
  }
  assertEquals(history.latest().map((text) => JSON.parse(text).data), [2, 3, 5]);
});

Deno.test("TopicHistory.latest() takes keys for what they are", () => {
  const { history } = create();
  for (const key of ["", "__proto__", "1", "constructor"]) history.append('""', key);
  assertEquals(history.latest().map((text) => JSON.parse(text).key), [
    "",
    "__proto__",
    "1",
    "constructor",
  ]);
});

Deno.test("TopicHistory.latest() outlives the log", () => {
  const { history, budget } = create({ size: 1 });
  history.append("1", "a");
  fill(history, 1_000);
  assertEquals(history.read(0, Infinity), undefined);
  assertEquals(history.latest(), [encodePublication(TOPIC, 1, "1", "a")]);
  assertEquals(budget.used, history.latest().join("").length + message(1_001).length);
});

Deno.test("TopicHistory.release() keeps what follows it, past size and time to live", () => {
  using time = new FakeTime(0);
  const { history } = create();
  history.release(0);
  fill(history, 400);
  time.tick(TTL_MS * 2);
  history.prune();
  fill(history, 100);
  assertEquals(history.read(0, Infinity)?.length, 500);
  assertEquals(history.read(0, LENGTH), [message(1)]);
});

for (const [offset, first] of [[0, 1], [1, 2], [6, 7], [7, 8], [8, 8], [Infinity, 8]] as const) {
  Deno.test(`TopicHistory.release(${offset}) of ten messages keeps them from ${first} on`, () => {
    const { history, budget } = create();
    history.release(0);
    fill(history, 10);
    history.release(offset);
    assertEquals(history.read(first - 1, 0), [message(first)]);
    assertEquals(history.read(first - 2, 0), undefined);
    assertEquals(budget.used, history.lengthAfter(first - 1));
  });
}

Deno.test("TopicHistory.clear() keeps what readers still have to read", () => {
  const { history, budget } = create();
  history.release(0);
  fill(history, 3);
  history.append("1", "k");
  history.release(2);
  history.clear();
  assertEquals([history.read(1, 0), history.read(2, 0)], [undefined, [message(3)]]);
  assertEquals(history.latest(), []);
  assertEquals(budget.used, history.lengthAfter(2));
});

Deno.test("TopicHistory.clear() leaves head and epoch, and offsets go on", () => {
  const { history, budget } = create();
  const { epoch } = history;
  fill(history, 4);
  history.append("1", "k");
  history.clear();
  assertEquals([history.head, history.epoch, budget.used], [5, epoch, 0]);
  assertEquals([history.read(4, Infinity), history.read(5, Infinity)], [undefined, []]);
  assertEquals(history.append("0"), 6);
  assertEquals(history.read(5, Infinity), [message(6)]);
});

Deno.test("TopicHistory.usedAt is when it was made, then when it last grew", () => {
  using time = new FakeTime(5);
  const { history } = create();
  assertEquals(history.usedAt, 5);
  time.tick(2);
  history.latest();
  history.read(0, 0);
  assertEquals(history.usedAt, 5);
  fill(history, 1);
  assertEquals(history.usedAt, 7);
});

Deno.test("TopicHistory gives the memory of dropped messages back at once", () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const { history, budget } = create({ size: 1 });
  gc();
  const before = Deno.memoryUsage().heapUsed;
  // JSON.stringify makes one flat string; repeat() alone makes a small tree of shared ones.
  for (let count = 0; count < 200; count++) history.append(JSON.stringify("x".repeat(200_000)));
  gc();
  assertLess(budget.used, 300_000);
  assertLess(Deno.memoryUsage().heapUsed - before, 10_000_000); // all of them: 40 MB
});
