/**
 * A topic's log as a copy of another: it begins anywhere, with state that its log does not hold.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { encodePublication } from "../../live/domain/protocol.ts";
import { TopicHistory, type TopicHistoryOptions } from "../../live/history/topic_history.ts";

const TOPIC = "event:42";
const TTL_MS = 1_000;

function create(options: Partial<TopicHistoryOptions> = {}) {
  const budget = options.budget ?? { used: 0 };
  const history = new TopicHistory(TOPIC, { size: 3, ttlMs: TTL_MS, budget, ...options });
  return { history, budget };
}

/** Offsets of what can be told to a reader. */
function held(history: TopicHistory, offset: number): number[] {
  return [...history.held(offset)].map(({ offset }) => offset);
}

Deno.test("TopicHistory takes its epoch and where it begins from who knows", () => {
  const { history } = create({ epoch: "e", head: 41 });
  assertEquals([history.epoch, history.head], ["e", 41]);
  assertEquals(history.append("1"), 42);
  assertEquals(history.read(41, Infinity), [encodePublication(TOPIC, 42, "1")]);
});

Deno.test("TopicHistory that begins later holds nothing of what was before", () => {
  const { history } = create({ head: 41 });
  assertEquals([history.read(40, Infinity), history.read(41, Infinity)], [undefined, []]);
  assertEquals([held(history, 0), history.lengthAfter(41)], [[], 0]);
});

Deno.test("TopicHistory.lengthAfter() is a number although nothing was ever held", () => {
  const { history } = create({ head: 41 });
  assertEquals(history.lengthAfter(0), 0);
});

Deno.test("TopicHistory.append() keeps a publication for as long as it was to be kept", () => {
  using time = new FakeTime(10_000);
  const { history } = create();
  history.append("1", "k", 10_000 - TTL_MS + 5);
  history.append("2", undefined, 10_000);
  time.tick(5);
  history.prune();
  assertEquals([history.read(0, Infinity), history.latest()], [undefined, []]);
  assertEquals(history.read(1, Infinity), [encodePublication(TOPIC, 2, "2")]);
});

Deno.test("TopicHistory.restore() takes in state that the log does not hold", () => {
  const { history, budget } = create({ head: 10 });
  history.restore(4, "1", "x", Date.now());
  history.restore(9, "2", "y", Date.now());
  assertEquals([history.head, history.read(8, Infinity)], [10, undefined]);
  const latest = [encodePublication(TOPIC, 4, "1", "x"), encodePublication(TOPIC, 9, "2", "y")];
  assertEquals(history.latest(), latest);
  assertEquals(budget.used, latest.join("").length);
});

Deno.test("TopicHistory.append() replaces what was restored", () => {
  const { history, budget } = create({ head: 10 });
  history.restore(4, "1", "x", Date.now());
  history.append("2", "x");
  const [message = ""] = history.latest();
  assertEquals(message, encodePublication(TOPIC, 11, "2", "x"));
  assertEquals(budget.used, message.length);
});

Deno.test("TopicHistory.prune() drops what was restored, at its own time", () => {
  using time = new FakeTime(10_000);
  const { history, budget } = create({ head: 10 });
  history.restore(4, "1", "x", 10_000 - TTL_MS + 5);
  history.restore(9, "2", "y", 10_000);
  time.tick(5);
  history.prune();
  assertEquals(history.latest(), [encodePublication(TOPIC, 9, "2", "y")]);
  assertEquals(budget.used, history.latest().join("").length);
});

Deno.test("TopicHistory.clear() drops what was restored", () => {
  const { history, budget } = create({ head: 10 });
  history.restore(4, "1", "x", Date.now());
  history.clear();
  assertEquals([history.latest(), budget.used, history.head], [[], 0, 10]);
});

for (
  const [offset, offsets] of [
    [0, [2, 5, 8, 9, 10]],
    [2, [5, 8, 9, 10]],
    [6, [8, 9, 10]],
    [8, [9, 10]],
    [10, []],
  ] as const
) {
  Deno.test(`TopicHistory.held(${offset}) is the latest before the log, and then the log`, () => {
    const { history } = create({ head: 7 });
    history.restore(2, "1", "x", Date.now());
    history.restore(5, "1", "y", Date.now());
    for (const key of ["z", undefined, "w"]) history.append("1", key);
    assertEquals(held(history, offset), [...offsets]);
  });
}

Deno.test("TopicHistory.held() tells no publication twice", () => {
  const { history } = create();
  for (const key of ["x", "y", undefined, "x", undefined, "z"]) history.append("1", key);
  assertEquals(held(history, 0), [2, 4, 5, 6]);
});

Deno.test("TopicHistory.held() tells outbound messages", () => {
  const { history } = create({ size: 1 });
  history.append("1", "x");
  history.append("2");
  assertEquals([...history.held(0)].map(({ message }) => message), [
    encodePublication(TOPIC, 1, "1", "x"),
    encodePublication(TOPIC, 2, "2"),
  ]);
});
